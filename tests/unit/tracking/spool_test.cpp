#include "tracking/spool.hpp"

#include <filesystem>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::tracking;

namespace {

SpoolHeader header(const std::string& sweep = "s") {
  SpoolHeader header{sweep, {}};
  header.settings.uri = "http://h:1";
  header.settings.experiment = "e";
  header.settings.environment["MLFLOW_TRACKING_TOKEN"] = "very secret";
  return header;
}

Entry scores(double value, std::int64_t time = 5, const std::string& slot = "scores") {
  return {"r", slot, Values{{{"p", "1"}}, {{"m", value}}, {{"t", "x"}}, time, 3}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(spool)

BOOST_AUTO_TEST_CASE(entries_come_back_as_they_were) {
  const std::vector<Entry> entries{
      {"r", "run", NewRun{"above", "a \"name\"\n", 17, {{"t", "x"}}}},
      scores(0.1),
      {"r", "", NewStatus{Status::killed, 9}},
      {"r", "d", Dataset{"n", "d", "s3://b/k", "evaluation", 7}},
      {"r", "f", File{"best.toml", "folder", "digest"}},
      {"r", "t", Table{12, "digest"}},
  };
  for (const auto& entry : entries) {
    const auto line = to_line(entry);
    BOOST_TEST(line.find('\n') == std::string::npos);
    BOOST_TEST(to_line(from_line(line)) == line);
  }
  BOOST_CHECK_THROW((void)from_line("{}"), StateError);
  BOOST_CHECK_THROW((void)from_line("rubbish"), StateError);
}

BOOST_AUTO_TEST_CASE(a_repetition_says_nothing_and_a_change_does) {
  const auto output = dream::test::folder();
  Spool spool(output, header());
  spool.add(scores(0.1));
  spool.add(scores(0.1, 99));  // at another time
  BOOST_TEST(spool.size() == 1u);
  spool.add(scores(0.2));
  spool.add(scores(0.2, 5, ""));
  spool.add(scores(0.2, 5, ""));
  BOOST_TEST(spool.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_second_start_knows_what_was_said_and_sent) {
  const auto output = dream::test::folder();
  {
    Spool spool(output, header());
    spool.add(scores(0.1));
    spool.add(scores(0.3, 5, "other"));
    spool.mark_sent(0);
    spool.set_address("r", {"id", "mlflow-artifacts:/1"});
  }
  Spool again(output, header());
  again.add(scores(0.1));
  BOOST_TEST(again.size() == 2u);
  BOOST_TEST(again.is_sent(0));
  BOOST_TEST(!again.is_sent(1));
  BOOST_TEST(again.sent() == 1u);
  BOOST_TEST(again.address("r").value().id == "id");
  BOOST_TEST(std::get<Values>(again.read(1).what).metrics.at(0).second == 0.3);
}

BOOST_AUTO_TEST_CASE(a_line_that_a_kill_cut_is_left_out) {
  const auto output = dream::test::folder();
  {
    Spool spool(output, header());
    spool.add(scores(0.1));
    spool.add(scores(0.2));
    spool.mark_sent(0);
  }
  for (const char* name : {"tracking/entries.jsonl", "tracking/sent.jsonl"})
    std::filesystem::resize_file(output / name, std::filesystem::file_size(output / name) - 3);
  Spool again(output, header());
  BOOST_TEST(again.size() == 1u);
  BOOST_TEST(again.sent() == 0u);
  again.add(scores(0.2));
  BOOST_TEST(std::get<Values>(again.read(1).what).metrics.at(0).second == 0.2);
}

BOOST_AUTO_TEST_CASE(another_sweep_or_server_begins_anew) {
  const auto output = dream::test::folder();
  {
    Spool spool(output, header());
    spool.add(scores(0.1));
    spool.mark_sent(0);
  }
  Spool other(output, header("another"));
  BOOST_TEST(other.size() == 0u);
  BOOST_TEST(other.sent() == 0u);
}

BOOST_AUTO_TEST_CASE(a_folder_without_a_spool_says_what_to_do) {
  BOOST_CHECK_EXCEPTION(Spool(dream::test::folder()), ConfigError, [](const ConfigError& e) {
    return std::string(e.what()).find("[tracking]") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(two_processes_do_not_send_at_once) {
  const auto output = dream::test::folder();
  Spool first(output, header());
  BOOST_CHECK_THROW(Spool second(output), StateError);
}

BOOST_AUTO_TEST_CASE(no_secret_is_on_disk) {
  const auto output = dream::test::folder();
  Spool spool(output, header());
  BOOST_TEST(read_file(output / "tracking/entries.jsonl").find("very secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
