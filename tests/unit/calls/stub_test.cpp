// Against the project's deterministic LLM stub, which stands beside the checkout like the real documents.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "calls/prompt.hpp"
#include "tests/support/cpu_time.hpp"
#include "tests/unit/calls/calls_kit.hpp"

using namespace dream;
using namespace dream::calls;

namespace {

/// The stub as a child process, on a free port.
class Stub {
 public:
  explicit Stub(std::vector<std::string> options) {
    const auto script = test::realdata().parent_path() / "bench" / "stub_llm.py";
    if (!std::filesystem::exists(script)) test::skip("no " + script.string());
    if (std::system("python3 -c '' 2>/dev/null") != 0) test::skip("no python3");
    std::vector<std::string> words{"python3", script.string(), "--port", "0"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    std::FILE* out = ::fdopen(ends[0], "r");
    int port = 0;
    BOOST_REQUIRE(std::fscanf(out, "stub listening on 127.0.0.1:%d", &port) == 1);
    std::fclose(out);
    url_ = "http://127.0.0.1:" + std::to_string(port);
  }
  ~Stub() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  pid_t child_ = -1;
  std::string url_;
};

Endpoint stub_endpoint(const Stub& stub) {
  auto endpoint = endpoint_at(stub.url());
  endpoint.model = "stub-good";
  endpoint.timeout_s = 1;
  endpoint.in_flight = 16;
  return endpoint;
}

std::vector<Ask> prompts(const Endpoint& endpoint, int count) {
  std::vector<Ask> asks;
  for (int i = 0; i < count; ++i) {
    const auto n = std::to_string(i);
    const std::vector<std::string> contexts{
        "Unrelated words about the weather of last winter stand here. The valve number " + n +
            " opens at seven bar.",
        "Pumps of the series " + n + " need oil every month. Nobody reads this sentence about gardens."};
    asks.push_back(make_ask(endpoint,
                            answer_prompt("At which pressure does valve number " + n + " open?", contexts), 0,
                            std::nullopt));
  }
  return asks;
}

}  // namespace

BOOST_AUTO_TEST_CASE(faults_of_the_endpoint_change_no_answer, *boost::unit_test::label("realdata")) {
  std::vector<Reply> clean;
  {
    const Stub stub({});
    const auto endpoint = stub_endpoint(stub);
    Run run("clean");
    BOOST_TEST(!check_endpoint(endpoint, "/chat/completions", run.redact, no_pulse()).models.empty());
    clean = run.ask(prompts(endpoint, 200));
    BOOST_TEST(run.counts().sent == 200);
  }
  BOOST_TEST(clean[7].text.find("The valve number 7 opens at seven bar.") != std::string::npos);
  std::filesystem::rename(test::folder() / "calls", test::folder() / "clean");

  // The stub draws faults by a CRC of body, attempt and seed. It is linear: with a short seed a call that
  // fails once fails ten times and more in a row; with this one the attempts do not follow each other.
  const Stub stub(
      {"--error-rate", "0.2", "--timeout-s", "3", "--retry-after", "0.05", "--seed", "123456789"});
  const auto endpoint = stub_endpoint(stub);
  Run run("faulty");
  const auto faulty = run.ask(prompts(endpoint, 200));
  BOOST_TEST(run.counts().retries > 20);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    BOOST_TEST(faulty[i].text == clean[i].text);
    BOOST_TEST(faulty[i].reason == "");
    BOOST_TEST(faulty[i].output_tokens == clean[i].output_tokens);
  }
}

BOOST_AUTO_TEST_CASE(a_call_costs_little_cpu, *boost::unit_test::label("realdata")) {
  const Stub stub({});
  auto endpoint = stub_endpoint(stub);
  endpoint.timeout_s = 30;
  constexpr int calls = 2000;
  auto asks = prompts(endpoint, calls);
  Run run("a");
  const auto before = test::cpu_seconds();
  const auto replies = run.ask(std::move(asks));
  const auto each_us = (test::cpu_seconds() - before) / calls * 1e6;
  BOOST_TEST(replies.back().reason == "");
  BOOST_TEST(run.counts().sent == calls);
  BOOST_TEST_MESSAGE("client CPU per call: " << each_us << " us; commits " << run.store.journal().commits());
  BOOST_TEST(each_us < 2000);  // far above what is measured (about a tenth), also with sanitizers
}
