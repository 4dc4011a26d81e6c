// What a call costs the client, for people who measure:
//   calls_bench [--calls N] [--in-flight N] [--latency-ms L] [--prompt BYTES] [--folder FOLDER]
//   calls_bench --stub [--port P] [--latency-ms L]     only the endpoint, until SIGTERM
// The client builds each request, sends it, parses the reply, and stores it in a journal on disk before it
// hands it on; its endpoint is a child process (stub.hpp) whose time is not counted. CPU is user and system
// time of the client over all calls. Memory (PSS) is what the client has after a tenth of the calls and after
// all of them; the same of a second client, which finds them all sealed (it begins with what the allocator
// keeps of the sealing); and the peak.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/errors.hpp"
#include "calls/asker.hpp"
#include "stub.hpp"
#include "tests/support/cpu_time.hpp"

using namespace dream;
using namespace dream::calls;

namespace {

struct Options {
  bool stub = false;
  int port = 0;
  std::int64_t calls = 20'000;
  std::int64_t in_flight = 256;
  std::int64_t latency_ms = 0;
  std::size_t prompt = 3000;
  std::string folder = "calls_bench_state";
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) std::exit((std::fprintf(stderr, "%s needs a value\n", word.c_str()), 2));
      return std::string(argv[++i]);
    };
    if (word == "--stub")
      options.stub = true;
    else if (word == "--port")
      options.port = std::stoi(value());
    else if (word == "--calls")
      options.calls = std::stoll(value());
    else if (word == "--in-flight")
      options.in_flight = std::stoll(value());
    else if (word == "--latency-ms")
      options.latency_ms = std::stoll(value());
    else if (word == "--prompt")
      options.prompt = static_cast<std::size_t>(std::stoll(value()));
    else if (word == "--folder")
      options.folder = value();
    else
      std::exit((
          std::fprintf(stderr, "no such option: %s; the head of this file's source has them\n", word.c_str()),
          2));
  }
  return options;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A line of a file in /proc/self, in MiB.
double memory(const char* file, std::string_view name) {
  std::ifstream lines(std::string("/proc/self/") + file);
  for (std::string word; lines >> word;) {
    double kib = 0;
    if (word == name && lines >> kib) return kib / 1024;
  }
  return 0;
}

/// Memory now, its share of what it has in common with other processes included, MiB.
double pss() { return memory("smaps_rollup", "Pss:"); }

double load() {
  double one = 0;
  std::ifstream("/proc/loadavg") >> one;
  return one;
}

/// The stub as a child. Its port.
int start_stub(const Options& options, pid_t& child) {
  bench::Stub stub({options.port, std::chrono::milliseconds(options.latency_ms)});
  child = ::fork();
  if (child == 0) stub.serve();
  return stub.port();
}

/// Takes the steps of one call until all are made; at most twice as many are open as may be in flight, so
/// that what waits takes no memory.
class Client {
 public:
  Client(const Options& options, Endpoint endpoint, const std::vector<std::string>& segments = {})
      : options_(options),
        endpoint_(std::move(endpoint)),
        store_(options.folder, segments, "bench", 0),
        sender_(redact_, {}),
        asker_(store_, sender_),
        passage_(options.prompt, 'x') {
    for (std::size_t i = 0; i < passage_.size(); i += 7) passage_[i] = ' ';
  }

  void run_to(std::int64_t calls) {
    while (done_ < calls) {
      while (next_ < calls && asker_.open() < 2 * options_.in_flight) submit();
      for (const auto& done : asker_.advance(std::chrono::milliseconds(20))) {
        if (!done.reply.reason.empty())
          std::exit((std::fprintf(stderr, "a call failed: %s\n", done.reply.reason.c_str()), 1));
        ++done_;
      }
    }
  }

  [[nodiscard]] std::int64_t commits() const { return store_.journal().commits(); }
  [[nodiscard]] const AskCounts& counts() const { return asker_.counts(); }

 private:
  void submit() {
    const std::vector<Message> messages{
        {"system", "Answer from the passages alone, in one sentence; say so when they do not hold it."},
        {"user", fmt::format("Passages:\n{}\n\nQuestion: what is the number {}?", passage_, next_)}};
    (void)asker_.submit(make_ask(endpoint_, messages, 0, std::nullopt));
    ++next_;
  }

  const Options& options_;
  Endpoint endpoint_;
  net::Redactor redact_;
  CallStore store_;
  Sender sender_;
  Asker asker_;
  std::string passage_;
  std::int64_t next_ = 0;
  std::int64_t done_ = 0;
};

Endpoint endpoint_at(int port, const Options& options) {
  Endpoint endpoint;
  endpoint.name = "stub";
  endpoint.base_url = fmt::format("http://127.0.0.1:{}/v1", port);
  endpoint.model = "stub";
  endpoint.in_flight = options.in_flight;
  endpoint.api_key = {"sk-of-nobody", "the benchmark"};
  return endpoint;
}

void measure(const Options& options, int port) {
  std::filesystem::remove_all(options.folder);
  const auto load_before = load();
  const auto begin = wall_seconds();
  const auto cpu = test::cpu_seconds();
  std::int64_t commits = 0;
  double tenth = 0;
  double all = 0;
  {
    Client client(options, endpoint_at(port, options));
    client.run_to(options.calls / 10);
    tenth = pss();
    client.run_to(options.calls);
    all = pss();
    commits = client.commits();
  }
  const auto cpu_s = test::cpu_seconds() - cpu;
  const auto wall = wall_seconds() - begin;
  double again_tenth = 0;
  double again_all = 0;
  {
    Client client(options, endpoint_at(port, options), seal(options.folder, no_log(), no_pulse()).segments);
    client.run_to(options.calls / 10);
    again_tenth = pss();
    client.run_to(options.calls);
    again_all = pss();
    DREAM_CHECK(client.counts().from_store == options.calls, "a call was made twice");
  }
  const auto calls = static_cast<double>(options.calls);
  fmt::print(
      "SUMMARY calls={} in_flight={} latency_ms={} prompt_bytes={} cpu_us_per_call={:.1f} wall_s={:.2f} "
      "wall_over_ideal={:.3f} commits={} pss_tenth_mib={:.1f} pss_all_mib={:.1f} pss_bytes_per_call={:.1f} "
      "second_pss_tenth_mib={:.1f} second_pss_all_mib={:.1f} second_bytes_per_call={:.1f} peak_mib={:.1f} "
      "load={:.1f}\n",
      options.calls, options.in_flight, options.latency_ms, options.prompt, cpu_s / calls * 1e6, wall,
      options.latency_ms == 0 ? 0.0
                              : wall / (calls * static_cast<double>(options.latency_ms) / 1e3 /
                                        static_cast<double>(options.in_flight)),
      commits, tenth, all, (all - tenth) * 1048576 / (0.9 * calls), again_tenth, again_all,
      (again_all - again_tenth) * 1048576 / (0.9 * calls), memory("status", "VmHWM:"), load_before);
  std::filesystem::remove_all(options.folder);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (options.stub) {
    bench::Stub stub({options.port, std::chrono::milliseconds(options.latency_ms)});
    fmt::print("stub listening on 127.0.0.1:{}\n", stub.port());
    std::fflush(stdout);
    stub.serve();
  }
  pid_t child = -1;
  const int port = start_stub(options, child);
  int code = 0;
  try {
    measure(options, port);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "calls_bench: %s\n", error.what());
    code = 1;
  }
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  return code;
}
