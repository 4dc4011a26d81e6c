#include "calls/ledger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/access.hpp"
#include "base/digest.hpp"
#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::calls {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t requests_ahead = 32;  ///< a line, and a sync, for so many requests
constexpr double seconds_ahead = 10;

/// The last whole line; nothing spent when there is none.
Spent last_line(const std::string& text) {
  Spent spent;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    Spent line;
    long long tokens = 0;
    if (std::sscanf(text.c_str() + begin, "%lf %lld %lf\n", &line.cost.usd, &tokens, &line.seconds) != 3)
      continue;
    line.cost.tokens = tokens;
    spent = line;
  }
  return spent;
}

}  // namespace

Ledger::~Ledger() {
  if (file_ >= 0) ::close(file_);
}

void Ledger::cover(const Spent& so_far, const Cost& next) {
  const bool covered = file_ >= 0 && so_far.cost.usd <= mark_.cost.usd &&
                       so_far.cost.tokens <= mark_.cost.tokens && so_far.seconds <= mark_.seconds;
  if (covered) return;
  Spent mark = so_far;
  mark.cost.usd += next.usd * static_cast<double>(requests_ahead);
  mark.cost.tokens += next.tokens * requests_ahead;
  mark.seconds += so_far.seconds > 0 ? seconds_ahead : 0;
  write(mark);
}

void Ledger::close(const Spent& in_all) {
  if (file_ >= 0 || in_all.cost.tokens > 0 || in_all.seconds > 0) write(in_all);
}

void Ledger::write(const Spent& mark) {
  const auto fail = [this](const char* what) {
    throw StateError(path_.string(), "", std::string(what) + ": " + why(path_, errno));
  };
  if (file_ < 0) {
    std::error_code error;
    fs::create_directories(path_.parent_path(), error);
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) fail("cannot create the ledger of spending");
    sync_folder(path_.parent_path());
    sync_folder(path_.parent_path().parent_path());
  }
  const auto line = fmt::format("{} {} {}\n", mark.cost.usd, mark.cost.tokens, mark.seconds);
  if (::write(file_, line.data(), line.size()) != std::ssize(line))
    fail("cannot write the ledger of spending");
  if (::fdatasync(file_) != 0) fail("cannot sync the ledger of spending");
  mark_ = mark;
}

fs::path ledgers_of(const fs::path& state, const std::string& sweep) {
  return state / "budgets" / digest_of(sweep).hex().substr(0, 16);
}

Spent read_ledgers(const fs::path& folder) {
  Spent sum;
  std::error_code error;
  if (!fs::exists(folder, error)) return sum;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() != ".ledger") continue;
    try {
      const auto spent = last_line(read_file(at->path()));
      sum.cost += spent.cost;
      sum.seconds += spent.seconds;
    } catch (const CorpusError& unreadable) {
      throw StateError(at->path().string(), "", unreadable.what());
    }
  }
  if (error) throw StateError(folder.string(), "", "cannot list the ledgers of spending: " + error.message());
  return sum;
}

}  // namespace dream::calls
