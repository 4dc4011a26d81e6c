#include "tracking/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "base/file.hpp"

namespace dream::tracking {
namespace {

using json = nlohmann::ordered_json;

std::filesystem::path folder_of(const std::filesystem::path& output) { return output / "tracking"; }

int open_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) throw StateError(path.string(), "", std::string("cannot open: ") + std::strerror(errno));
  return file;
}

std::string header_line(const SpoolHeader& header) {
  const auto& to = header.settings;
  return json{{"spool", 1},
              {"sweep", header.sweep},
              {"uri", to.uri},
              {"experiment", to.experiment},
              {"ca_file", to.ca_file},
              {"artifacts", to.artifacts},
              {"s3",
               {{"endpoint", to.s3.endpoint},
                {"region", to.s3.region},
                {"addressing", static_cast<int>(to.s3.addressing)},
                {"ca_file", to.s3.ca_file},
                {"anonymous", to.s3.anonymous},
                {"profile", to.s3.profile}}}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

SpoolHeader parse_header(const std::filesystem::path& path, std::string_view line) {
  try {
    const auto in = json::parse(line);
    if (in.at("spool") != 1) throw StateError(path.string(), "", "written by another version of the program");
    SpoolHeader header{in.at("sweep"), {}};
    auto& to = header.settings;
    to.uri = in.at("uri");
    to.experiment = in.at("experiment");
    to.ca_file = in.at("ca_file");
    to.artifacts = in.at("artifacts");
    const auto& s3 = in.at("s3");
    to.s3.endpoint = s3.at("endpoint");
    to.s3.region = s3.at("region");
    to.s3.addressing = static_cast<storage::Addressing>(s3.at("addressing").get<int>());
    to.s3.ca_file = s3.at("ca_file");
    to.s3.anonymous = s3.at("anonymous");
    to.s3.profile = s3.at("profile");
    return header;
  } catch (const nlohmann::json::exception& e) {
    throw StateError(path.string(), "", std::string("cannot read its first line: ") + e.what());
  }
}

/// The whole lines of a file; what a kill or a full disk left of one more is cut off.
template <class Visit>
std::int64_t for_lines(const std::filesystem::path& path, Visit&& visit) {
  std::error_code none;
  const auto text = std::filesystem::exists(path, none) ? read_file(path) : std::string();
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    visit(std::string_view(text).substr(begin, end - begin), static_cast<std::int64_t>(begin));
    begin = end + 1;
  }
  if (begin < text.size()) std::filesystem::resize_file(path, begin, none);
  return static_cast<std::int64_t>(begin);
}

}  // namespace

Spool::Spool(const std::filesystem::path& output, const SpoolHeader& header)
    : output_(output), header_(header) {
  std::error_code error;
  std::filesystem::create_directories(folder_of(output), error);
  if (error) throw StateError(folder_of(output).string(), "", "cannot make the folder: " + error.message());
  entries_.number = open_file(folder_of(output) / "entries.jsonl");
  lock();
  std::string first;
  std::int64_t lines = 0;
  end_ = for_lines(folder_of(output) / "entries.jsonl", [&](std::string_view line, std::int64_t) {
    if (lines++ == 0) first = line;
  });
  if (first == header_line(header_)) {
    load();
  } else {
    begin();
  }
}

Spool::Spool(const std::filesystem::path& output) : output_(output) {
  const auto path = folder_of(output) / "entries.jsonl";
  if (!std::filesystem::exists(path)) {
    throw ConfigError(fmt::format(
        "{}: holds nothing for a tracking server; a sweep leaves it there when its config has a section "
        "[tracking]: add one and start the sweep again, which computes nothing twice",
        output.string()));
  }
  entries_.number = open_file(path);
  lock();
  load();
}

Spool::Handle::~Handle() {
  if (number >= 0) ::close(number);
}

/// A file system without locks is no obstacle: the claim on the state folder keeps two sweeps apart already.
void Spool::lock() {
  if (::flock(entries_.number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  throw StateError((folder_of(output_) / "entries.jsonl").string(), "",
                   "another process sends these entries now; wait for its end");
}

void Spool::begin() {
  const auto path = folder_of(output_) / "entries.jsonl";
  std::error_code none;
  std::filesystem::remove(folder_of(output_) / "sent.jsonl", none);
  if (::ftruncate(entries_.number, 0) != 0)
    throw StateError(path.string(), "", std::string("cannot empty it: ") + std::strerror(errno));
  const auto line = header_line(header_);
  append(entries_.number, line);
  end_ = static_cast<std::int64_t>(line.size()) + 1;
  acknowledged_.number = open_file(folder_of(output_) / "sent.jsonl");
}

void Spool::load() {
  const auto path = folder_of(output_) / "entries.jsonl";
  bool first = true;
  end_ = for_lines(path, [&](std::string_view line, std::int64_t begin) {
    if (first) {
      header_ = parse_header(path, line);
      first = false;
    } else {
      note(from_line(line), begin, line.size());
    }
  });
  if (first) throw StateError(path.string(), "", "is empty; start the sweep again");
  for_lines(folder_of(output_) / "sent.jsonl", [&](std::string_view line, std::int64_t) {
    const auto in = json::parse(line, nullptr, false);
    if (in.is_discarded()) return;
    if (in.contains("id")) {
      addresses_[in.at("run")] = {in.at("id"), in.at("artifacts")};
    } else if (const auto number = in.at("sent").get<std::size_t>();
               number < lines_.size() && !lines_[number].sent) {
      lines_[number].sent = true;
      ++sent_;
    }
  });
  acknowledged_.number = open_file(folder_of(output_) / "sent.jsonl");
}

void Spool::note(const Entry& entry, std::int64_t begin, std::size_t bytes) {
  const bool may_wait = std::holds_alternative<Dataset>(entry.what) ||
                        std::holds_alternative<File>(entry.what) || std::holds_alternative<Table>(entry.what);
  lines_.push_back({begin, bytes, entry.run, may_wait, false});
  if (!entry.slot.empty()) said_[entry.run + " " + entry.slot] = std::hash<std::string>()(content_of(entry));
}

void Spool::append(int file, const std::string& line) {
  const auto bytes = line + "\n";
  for (std::size_t done = 0; done < bytes.size();) {
    const auto n = ::write(file, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw StateError(folder_of(output_).string(), "", std::string("cannot write: ") + std::strerror(errno));
    done += static_cast<std::size_t>(n);
  }
}

void Spool::add(const Entry& entry) {
  const std::lock_guard guard(mutex_);
  if (!entry.slot.empty()) {
    const auto said = said_.find(entry.run + " " + entry.slot);
    if (said != said_.end() && said->second == std::hash<std::string>()(content_of(entry))) return;
  }
  const auto line = to_line(entry);
  append(entries_.number, line);
  note(entry, end_, line.size());
  end_ += static_cast<std::int64_t>(line.size()) + 1;
}

std::size_t Spool::size() const {
  const std::lock_guard guard(mutex_);
  return lines_.size();
}

std::size_t Spool::sent() const {
  const std::lock_guard guard(mutex_);
  return sent_;
}

bool Spool::is_sent(std::size_t number) const {
  const std::lock_guard guard(mutex_);
  return lines_.at(number).sent;
}

Entry Spool::read(std::size_t number) const {
  const std::lock_guard guard(mutex_);
  const auto& at = lines_.at(number);
  std::string line(at.bytes, '\0');
  for (std::size_t done = 0; done < line.size();) {
    const auto n = ::pread(entries_.number, line.data() + done, line.size() - done,
                           at.begin + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw StateError(folder_of(output_).string(), "", "entries.jsonl became shorter");
    done += static_cast<std::size_t>(n);
  }
  return from_line(line);
}

std::string Spool::run_of(std::size_t number) const {
  const std::lock_guard guard(mutex_);
  return lines_.at(number).run;
}

bool Spool::may_wait(std::size_t number) const {
  const std::lock_guard guard(mutex_);
  return lines_.at(number).may_wait;
}

void Spool::mark_sent(std::size_t number) {
  const std::lock_guard guard(mutex_);
  if (std::exchange(lines_.at(number).sent, true)) return;
  ++sent_;
  append(acknowledged_.number, json{{"sent", number}}.dump());
}

void Spool::set_address(const std::string& run, const RunAddress& address) {
  const std::lock_guard guard(mutex_);
  addresses_[run] = address;
  append(acknowledged_.number,
         json{{"run", run}, {"id", address.id}, {"artifacts", address.artifacts}}.dump());
}

std::optional<RunAddress> Spool::address(const std::string& run) const {
  const std::lock_guard guard(mutex_);
  const auto found = addresses_.find(run);
  if (found == addresses_.end()) return std::nullopt;
  return found->second;
}

}  // namespace dream::tracking
