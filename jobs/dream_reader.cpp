// Reads untrusted documents for a rank: frames of documents in on stdin, frames of pages out on stdout
// (corpus/frame.hpp), inside a sandbox (reader/sandbox.hpp). Started by corpus::ReaderPool; not for use by
// hand, but `dream_reader --attempt socket` shows what the sandbox does on this machine.
//
// This program links poppler (GPL-2-or-later), so as a binary it is under the GPL; the ranks only talk to it.
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <stdexcept>
#include <string>

#include "corpus/frame.hpp"
#include "reader/formats.hpp"
#include "reader/sandbox.hpp"

namespace {

using namespace dream;

constexpr int exit_usage = 2;
constexpr int exit_broken = 1;

/// Fills all of `size`; false at the end of input.
bool read_all(char* data, std::size_t size) {
  while (size > 0) {
    const auto got = ::read(STDIN_FILENO, data, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(const Bytes& bytes) {
  const char* data = bytes.data();
  std::size_t size = bytes.size();
  while (size > 0) {
    const auto put = ::write(STDOUT_FILENO, data, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    data += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

/// The next document's payload; false when there are no more.
bool next(std::string& payload) {
  std::string header(corpus::frame::header_size, '\0');
  if (!read_all(header.data(), header.size())) return false;
  payload.resize(corpus::frame::payload_size(header));
  return read_all(payload.data(), payload.size());
}

/// How much has been written to stderr, when it is a file as under a ReaderPool.
off_t complaints() { return ::lseek(STDERR_FILENO, 0, SEEK_CUR); }

corpus::ReadResult extract(const std::string& payload, std::size_t most_bytes) {
  const auto job = corpus::frame::decode_job(payload);
  const auto before = complaints();
  auto result = reader::extract(job.format, job.bytes, most_bytes);
  // poppler survives many a failed allocation: it says "Out of memory" there, leaves the object out and goes
  // on. Such a text has holes that depend on our limit, so it is no text of this document.
  if (complaints() != before)
    return corpus::failed(corpus::reason::memory, "parts of it need more memory than the limit");
  return result;
}

Bytes answer(const std::string& payload, std::size_t most_bytes) {
  try {
    return corpus::frame::encode(extract(payload, most_bytes));
  } catch (const std::bad_alloc&) {
    return corpus::frame::encode(corpus::failed(corpus::reason::memory, "out of memory"));
  } catch (const std::length_error&) {
    return corpus::frame::encode(corpus::failed(corpus::reason::memory, "out of memory"));
  } catch (const std::exception&) {
    return corpus::frame::encode(corpus::failed(corpus::reason::parse_error, "the parser gave up"));
  }
}

std::int64_t number(const std::map<std::string, std::string>& options, const std::string& name,
                    std::int64_t otherwise) {
  const auto found = options.find(name);
  if (found == options.end()) return otherwise;
  std::int64_t value = 0;
  const auto& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1) {
    throw std::invalid_argument(name + " takes a number from 1, not \"" + text + "\"");
  }
  return value;
}

int run(const std::map<std::string, std::string>& options) {
  const reader::Limits limits{number(options, "--cpu-seconds", 60), number(options, "--memory-mb", 1024)};
  const auto most_bytes = static_cast<std::size_t>(number(options, "--output-mb", 256)) << 20;
  reader::detach();
  reader::warm_up();
  reader::lock_in(limits);
  if (const auto what = options.find("--attempt"); what != options.end()) {
    const auto said = reader::attempt(what->second) + "\n";
    return write_all({said.begin(), said.end()}) ? 0 : exit_broken;
  }
  if (!write_all(corpus::frame::wrap(corpus::frame::hello))) return exit_broken;
  std::string payload;
  while (next(payload)) {
    reader::allow_cpu(limits.cpu_seconds);
    if (!write_all(answer(payload, most_bytes))) return exit_broken;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    if (argc % 2 == 0) throw std::invalid_argument("options come with a value each");
    return run(options);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "dream_reader: %s\n", error.what());
    return exit_usage;
  } catch (const std::bad_alloc&) {
    std::fputs("dream_reader: out of memory\n", stderr);  // the parent looks for this word
    return exit_broken;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dream_reader: %s\n", error.what());
    return exit_broken;
  }
}
