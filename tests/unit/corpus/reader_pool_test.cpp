#include "corpus/reader_pool.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <thread>

#include "base/errors.hpp"
#include "corpus/frame.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::corpus;

namespace {

std::filesystem::path fake() { return test::programs() / "fake_reader"; }

ReaderOptions quick() {
  return {.readers = 2,
          .documents_per_reader = 200,
          .cpu_seconds = 1,
          .wall_seconds = 20,
          .memory_mb = 256,
          .output_mb = 1};
}

std::vector<ReadJob> jobs(const std::vector<std::string>& texts) {
  std::vector<ReadJob> list;
  for (const auto& text : texts) list.push_back({"txt", text});
  return list;
}

std::vector<ReadResult> read(const std::vector<std::string>& texts, const ReaderOptions& options = quick()) {
  ReaderPool pool(fake(), options);
  return pool.read(jobs(texts), no_pulse());
}

ReadResult one(const std::string& text) { return read({text}).at(0); }

}  // namespace

BOOST_AUTO_TEST_CASE(results_come_in_the_order_of_the_jobs) {
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back("document " + std::to_string(i));
  auto options = quick();
  options.readers = 3;
  const auto results = read(texts, options);
  std::set<std::string> processes;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    BOOST_REQUIRE_EQUAL(results[i].reason, "");
    BOOST_TEST(results[i].pages.at(0) == texts[i]);
    processes.insert(results[i].pages.at(1));
  }
  BOOST_TEST(processes.size() <= 3U);
}

BOOST_AUTO_TEST_CASE(a_reader_gets_no_environment) { BOOST_TEST(one("x").pages.at(3) == ""); }

BOOST_AUTO_TEST_CASE(a_document_larger_than_any_pipe_goes_through) {
  const std::string text(3 << 19, 'y');  // 1.5 MiB in, and out again
  auto options = quick();
  options.output_mb = 4;
  BOOST_TEST((read({text}, options).at(0).pages.at(0) == text));
}

BOOST_AUTO_TEST_CASE(readers_are_replaced_after_their_documents) {
  auto options = quick();
  options.readers = 1;
  options.documents_per_reader = 2;
  const auto results = read({"a", "b", "c", "d", "e"}, options);
  std::set<std::string> processes;
  for (const auto& result : results) processes.insert(result.pages.at(1));
  BOOST_TEST(processes.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_crash_is_a_row_and_its_neighbours_are_read) {
  const auto results = read({"a", "crash", "b", "crash", "c"});
  for (const std::size_t i : {0U, 2U, 4U}) BOOST_TEST(results[i].reason == "");
  for (const std::size_t i : {1U, 3U}) {
    BOOST_TEST(results[i].reason == reason::crash);
    BOOST_TEST(results[i].final);
    BOOST_TEST(results[i].detail.find("the reader") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_document_that_dies_in_a_used_reader_is_tried_in_a_fresh_one) {
  auto options = quick();
  options.readers = 1;
  const auto results = read({"a", "crash_when_used", "b"}, options);
  BOOST_TEST(results[1].reason == "");
  BOOST_TEST(results[1].pages.at(1) != results[0].pages.at(1));
}

BOOST_AUTO_TEST_CASE(an_exit_is_a_crash) { BOOST_TEST(one("exit").reason == reason::crash); }

BOOST_AUTO_TEST_CASE(a_reader_killed_from_outside_is_tried_again_next_time) {
  const auto result = one("killed");
  BOOST_TEST(result.reason == reason::memory);
  BOOST_TEST(!result.final);
}

BOOST_AUTO_TEST_CASE(a_reader_that_complains_of_memory_is_a_memory_row) {
  BOOST_TEST(one("complain").reason == reason::memory);
}

BOOST_AUTO_TEST_CASE(a_sleeping_reader_meets_the_limit_by_the_clock) {
  auto options = quick();
  options.wall_seconds = 1;
  const auto result = read({"hang"}, options).at(0);
  BOOST_TEST(result.reason == reason::timeout);
  BOOST_TEST(result.detail.find("no result") != std::string::npos);
  BOOST_TEST(!result.final);
}

BOOST_AUTO_TEST_CASE(a_spinning_reader_meets_the_limit_of_its_own_time) {
  auto options = quick();
  options.wall_seconds = 100;  // a busy machine may take long to give it one second
  const auto results = read({"spin", "after"}, options);
  BOOST_TEST(results[0].reason == reason::timeout);
  BOOST_TEST(results[0].detail.find("CPU") != std::string::npos);
  BOOST_TEST(results[1].reason == "");
}

BOOST_AUTO_TEST_CASE(too_much_output_is_cut_off) {
  for (const char* what : {"flood", "huge_size"}) {
    const auto result = one(what);
    BOOST_TEST(result.reason == reason::output_limit);
    BOOST_TEST(!result.final);
  }
}

BOOST_AUTO_TEST_CASE(garbage_is_a_crash) { BOOST_TEST(one("garbage").reason == reason::crash); }

BOOST_AUTO_TEST_CASE(writing_to_a_reader_that_has_left_is_no_signal) {
  const auto program = test::folder() / "leaves_early";
  std::filesystem::copy_file(fake(), program);
  ReaderPool pool(program, quick());
  const auto result = pool.read(jobs({std::string(8 << 20, 'x')}), no_pulse()).at(0);
  BOOST_TEST(result.reason == reason::crash);
}

BOOST_AUTO_TEST_CASE(rows_without_a_reader) {
  ReaderPool pool("/nowhere/at/all", quick());  // no process is needed for these
  const std::vector<ReadJob> list{{"docx", "PK"}, {"txt", ""}};
  const auto results = pool.read(list, no_pulse());
  BOOST_TEST(results[0].reason == reason::unsupported_format);
  BOOST_TEST(results[0].final);
  BOOST_TEST(results[1].reason == reason::empty);
}

BOOST_AUTO_TEST_CASE(a_missing_reader_is_an_error_that_names_it) {
  ReaderPool pool("/nowhere/dream_reader", quick());
  const auto list = jobs({"a"});
  BOOST_CHECK_EXCEPTION((void)pool.read(list, no_pulse()), CorpusError,
                        [](const CorpusError& error) { return error.path == "/nowhere/dream_reader"; });
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_start_is_an_error_with_its_words) {
  for (const auto& [name, words] :
       {std::pair{"dies_at_start", "no such library"}, {"other_version", "version"}}) {
    const auto program = test::folder() / name;
    std::filesystem::copy_file(fake(), program);
    ReaderPool pool(program, quick());
    const auto list = jobs({"a"});
    const std::string expected = words;
    BOOST_CHECK_EXCEPTION((void)pool.read(list, no_pulse()), CorpusError, [&](const CorpusError& error) {
      return std::string(error.what()).find(expected) != std::string::npos;
    });
  }
}

BOOST_AUTO_TEST_CASE(a_pulse_that_throws_ends_the_reading_and_kills_the_readers) {
  ReaderPool pool(fake(), quick());
  int beats = 0;
  const auto list = jobs({"hang", "hang"});
  BOOST_CHECK_THROW((void)pool.read(list,
                                    [&] {
                                      if (++beats > 3) throw Stopped("the test says so");
                                    }),
                    Stopped);
  BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);  // no child is left
  BOOST_TEST(pool.read(jobs({"again"}), no_pulse()).at(0).reason == "");
}

BOOST_AUTO_TEST_CASE(a_pool_outlives_the_thread_that_used_it_first) {
  // Readers die with the thread that started them; the next call must not notice.
  ReaderPool pool(fake(), quick());
  const auto list = jobs({"a", "b"});
  std::thread([&] { BOOST_TEST(pool.read(list, no_pulse()).at(0).reason == ""); }).join();
  BOOST_TEST(pool.read(list, no_pulse()).at(1).reason == "");
}
