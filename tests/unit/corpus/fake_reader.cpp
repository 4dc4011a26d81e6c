// Speaks the frames of dream_reader and does what each document says, most of it wrong. The format does not
// matter.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "corpus/frame.hpp"

namespace {

using namespace dream;
namespace frame = corpus::frame;

bool read_all(char* data, std::size_t size) {
  for (; size > 0;) {
    const auto got = ::read(0, data, size);
    if (got <= 0) return false;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(1, bytes.data(), bytes.size());
    if (put <= 0) std::_Exit(3);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void write_all(const Bytes& bytes) { write_all(std::string_view(bytes.data(), bytes.size())); }

void flood() {
  const std::string block(1 << 16, 'x');
  std::string header(8, '\0');
  header[3] = 1;  // 16 MiB
  write_all(header);
  for (;;) write_all(block);
}

void spin() {
  for (volatile bool go_on = true; go_on;) {
  }
}

void obey(const std::string& what, int served) {
  if (what == "crash") ::raise(SIGSEGV);
  if (what == "crash_when_used" && served > 0) ::raise(SIGSEGV);
  if (what == "killed") ::raise(SIGKILL);
  if (what == "exit") std::_Exit(7);
  if (what == "hang") ::pause();
  if (what == "spin") spin();
  if (what == "flood") flood();
  if (what == "huge_size") write_all(std::string(8, '\x7f'));
  if (what == "garbage") write_all(frame::wrap("no reply at all"));
  if (what == "complain") {
    std::fputs("Out of memory\n", stderr);
    std::_Exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string program = argv[0];
  if (program.ends_with("dies_at_start")) {
    std::fputs("no such library\n", stderr);
    return 5;
  }
  if (program.ends_with("other_version")) {
    write_all(frame::wrap("dream_reader 0"));
    ::pause();
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  write_all(frame::wrap(frame::hello));
  if (program.ends_with("leaves_early")) return 0;
  for (int served = 0;; ++served) {
    std::string header(8, '\0');
    if (!read_all(header.data(), header.size())) return 0;
    std::string payload(frame::payload_size(header), '\0');
    if (!read_all(payload.data(), payload.size())) return 0;
    const auto job = frame::decode_job(payload);
    obey(job.bytes, served);
    corpus::ReadResult result;
    result.pages = {job.bytes, std::to_string(::getpid()), std::to_string(argc),
                    ::getenv("PATH") ? "environment" : ""};
    write_all(frame::encode(result));
  }
}
