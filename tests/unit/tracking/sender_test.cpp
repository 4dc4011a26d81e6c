#include "tracking/sender.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/tracking/fake_mlflow.hpp"
#include "tracking/upload.hpp"

using namespace dream;
using namespace dream::tracking;
using dream::test::FakeReply;
using dream::test::FakeRequest;
using tracking::test::FakeMlflow;

namespace {

SpoolHeader header(const FakeMlflow& server) { return {"s", server.settings()}; }

Named tags() { return {{"dream.sweep_key", "s"}}; }

/// A sweep as it is told: of each trial the run, its values, its end, then what may wait.
void fill_whole(Spool& spool, int trials) {
  spool.add({"s", "run", NewRun{"", "sweep", 1, tags()}});
  for (int t = 1; t <= trials; ++t) {
    const auto run = "s-" + std::to_string(t);
    spool.add({run, "run", NewRun{"s", "trial", 2, tags()}});
    spool.add({run, "scores", Values{{{"k", std::to_string(t)}}, {{"m", 0.5 * t}}, {}, 3, 0}});
    spool.add({run, "status", NewStatus{Status::finished, 4}});
    spool.add({run, "golden", Dataset{"golden", "digest", "golden.csv", "evaluation", 3}});
  }
}

Standing send_all(Spool& spool, const Settings& settings) {
  Sender sender(spool, settings, no_pulse());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(40);
  while (!sender.standing().over() && std::chrono::steady_clock::now() < end)
    sender.step(std::chrono::milliseconds(20));
  return sender.standing();
}

void check_whole(const FakeMlflow& server, int trials) {
  BOOST_TEST(server.runs().size() == static_cast<std::size_t>(trials) + 1);
  const auto parent = server.run("s").id;
  for (int t = 1; t <= trials; ++t) {
    const auto run = server.run("s-" + std::to_string(t));
    BOOST_TEST(run.tags.at("mlflow.parentRunId") == parent);
    BOOST_TEST(run.params.at("k") == std::to_string(t));
    BOOST_TEST(std::get<1>(run.metrics.at(0)) == 0.5 * t);
    BOOST_TEST(run.status == "FINISHED");
    BOOST_TEST(run.datasets.size() >= 1u);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sender)

BOOST_AUTO_TEST_CASE(a_sweep_arrives_whole_and_in_order) {
  FakeMlflow server;
  Spool spool(dream::test::folder(), header(server));
  fill_whole(spool, 30);
  const auto standing = send_all(spool, server.settings());
  BOOST_TEST(standing.all_sent());
  BOOST_TEST(standing.problem == "");
  BOOST_TEST(standing.page == server.settings().uri + "/#/experiments/7/runs/id0");
  check_whole(server, 30);
  for (const auto& run : server.runs()) {
    if (run.tags.at("dream.run_key") != "s")
      BOOST_CHECK((run.order == std::vector<std::string>{"create", "log", "update", "inputs"}));
  }
}

BOOST_AUTO_TEST_CASE(what_the_server_fails_is_sent_again_and_no_run_is_made_twice) {
  // Every tenth request is taken though its reply is lost, and one is not taken.
  FakeMlflow server([](const FakeRequest&, int before, bool& takes) -> std::optional<FakeReply> {
    if (before % 10 == 9) {
      takes = true;
      FakeReply lost;
      lost.how = FakeReply::How::reset;
      return lost;
    }
    if (before == 14) return FakeReply{503, "busy", "text/plain"};
    return std::nullopt;
  });
  Spool spool(dream::test::folder(), header(server));
  fill_whole(spool, 8);
  auto settings = server.settings();
  settings.in_flight = 3;
  BOOST_TEST(send_all(spool, settings).all_sent());
  check_whole(server, 8);
}

BOOST_AUTO_TEST_CASE(a_restart_sends_what_is_left_and_finds_runs_by_their_keys) {
  FakeMlflow server;
  const auto output = dream::test::folder();
  {
    Spool spool(output, header(server));
    fill_whole(spool, 5);
    BOOST_TEST(send_all(spool, server.settings()).all_sent());
  }
  const auto before = server.requests();
  {
    Spool spool(output, header(server));
    fill_whole(spool, 5);
    BOOST_TEST(send_all(spool, server.settings()).all_sent());
  }
  BOOST_TEST(server.requests() == before);
  std::filesystem::remove_all(output / "tracking");  // nothing is known any more but what the server holds
  Spool spool(output, header(server));
  fill_whole(spool, 5);
  BOOST_TEST(send_all(spool, server.settings()).all_sent());
  check_whole(server, 5);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_and_the_rest_arrives) {
  FakeMlflow server;
  Spool spool(dream::test::folder(), header(server));
  fill_whole(spool, 2);
  spool.add({"s-1", "again", Values{{{"k", "another"}}, {}, {}, 5, 0}});
  spool.add({"s-1", "more", Values{{{"late", "1"}}, {}, {}, 5, 0}});
  const auto standing = send_all(spool, server.settings());
  BOOST_TEST(standing.refused == 1u);
  BOOST_TEST(!standing.all_sent());
  BOOST_TEST(standing.problem.find("INVALID_PARAMETER_VALUE") != std::string::npos, standing.problem);
  BOOST_TEST(server.run("s-1").params.at("late") == "1");
  check_whole(server, 2);
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_refused_takes_its_children_along) {
  FakeMlflow server([](const FakeRequest& request, int, bool&) -> std::optional<FakeReply> {
    if (request.path.ends_with("runs/create")) return FakeReply{400, R"({"error_code": "BAD_REQUEST"})"};
    return std::nullopt;
  });
  Spool spool(dream::test::folder(), header(server));
  fill_whole(spool, 2);
  const auto standing = send_all(spool, server.settings());
  BOOST_TEST(standing.refused == spool.size());
  BOOST_TEST(standing.over());
}

BOOST_AUTO_TEST_CASE(a_server_that_lets_nobody_in_is_closed) {
  FakeMlflow server([](const FakeRequest&, int, bool&) -> std::optional<FakeReply> {
    return FakeReply{401, "", "text/plain"};
  });
  Spool spool(dream::test::folder(), header(server));
  fill_whole(spool, 1);
  Sender sender(spool, server.settings(), no_pulse());
  for (int i = 0; i < 50 && !sender.standing().closed; ++i) sender.step(std::chrono::milliseconds(20));
  BOOST_TEST(sender.standing().closed);
  BOOST_TEST(spool.sent() == 0u);
}

BOOST_AUTO_TEST_CASE(files_and_tables_go_through_the_server_or_to_s3) {
  for (const std::string root : {"mlflow-artifacts:/1", "s3://bucket/art"}) {
    std::map<std::string, std::string> objects;
    dream::test::FakeHttp s3([&](const FakeRequest& request, int) {
      objects[request.path] = request.body;
      return FakeReply{200, "", "application/xml", {"ETag: \"x\""}};
    });
    FakeMlflow server;
    server.artifact_root = root;
    const auto output = dream::test::folder();
    write_file(output / "best.toml", "winner");
    write_file(output / "questions.csv", "trial,id,f1,f1_reason\n1,q,0.5,\n");
    auto to = header(server);
    to.settings.s3.endpoint = s3.url("");
    to.settings.s3.environment = {{"AWS_ACCESS_KEY_ID", "x"}, {"AWS_SECRET_ACCESS_KEY", "y"}};
    Spool spool(output, to);
    spool.add({"s", "run", NewRun{"", "sweep", 1, tags()}});
    spool.add({"s", "file", File{"best.toml", "folder", "d"}});
    spool.add({"s", "table", Table{1, "d"}});
    BOOST_TEST(send_all(spool, to.settings).all_sent());
    const auto run = server.run("s");
    BOOST_TEST(run.tags.at("mlflow.loggedArtifacts") == R"([{"path": "questions.json", "type": "table"}])");
    const std::string table = R"({"columns":["id","f1","f1_reason"],"data":[["q",0.5,""]]})";
    if (root.starts_with("s3:")) {
      BOOST_TEST(objects.at("/bucket/art/id0/artifacts/folder/best.toml") == "winner");
      BOOST_TEST(objects.at("/bucket/art/id0/artifacts/questions.json") == table);
    } else {
      BOOST_TEST(run.artifacts.at("folder/best.toml") == "winner");
      BOOST_TEST(run.artifacts.at("questions.json") == table);
    }
  }
}

BOOST_AUTO_TEST_CASE(upload_sends_a_spool_that_was_left) {
  FakeMlflow server;
  const auto output = dream::test::folder();
  {
    Spool spool(output, header(server));
    fill_whole(spool, 3);
  }
  UploadOptions options;
  BOOST_TEST(upload(output, options, no_pulse()).all_sent());
  check_whole(server, 3);
  options.uri = "http://127.0.0.1:" + std::to_string(dream::test::unused_port());
  BOOST_CHECK_THROW((void)upload(output, options, no_pulse()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
