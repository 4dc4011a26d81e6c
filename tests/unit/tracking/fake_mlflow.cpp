#include "tests/unit/tracking/fake_mlflow.hpp"

#include <stdexcept>

namespace dream::tracking::test {

using dream::test::FakeReply;
using dream::test::FakeRequest;
using nlohmann::json;

namespace {

FakeReply good(const json& body = json::object()) { return {200, body.dump()}; }

FakeReply bad(int status, const std::string& code) {
  return {status, json{{"error_code", code}, {"message", "said the server"}}.dump()};
}

json shown(const FakeMlflow::Run& run, const std::string& root) {
  json tags = json::array();
  for (const auto& [key, value] : run.tags) tags.push_back({{"key", key}, {"value", value}});
  return {{"info", {{"run_id", run.id}, {"artifact_uri", root + "/" + run.id + "/artifacts"}}},
          {"data", {{"tags", tags}}}};
}

}  // namespace

FakeMlflow::FakeMlflow(Fault fault) : fault_(std::move(fault)) {
  server_ = std::make_unique<dream::test::FakeHttp>([this](const FakeRequest& request, int before) {
    bool takes = false;
    auto instead = fault_ ? fault_(request, before, takes) : std::nullopt;
    if (instead && !takes) return *instead;
    auto reply = answer(request);
    return instead ? *instead : reply;
  });
}

Settings FakeMlflow::settings() const {
  Settings settings;
  settings.uri = server_->url("");
  settings.experiment = "an experiment";
  return settings;
}

std::vector<FakeMlflow::Run> FakeMlflow::runs() const {
  const std::lock_guard guard(mutex_);
  return runs_;
}

FakeMlflow::Run FakeMlflow::run(const std::string& key) const {
  for (const auto& run : runs()) {
    if (run.tags.at("dream.run_key") == key) return run;
  }
  throw std::runtime_error("no run " + key);
}

FakeMlflow::Run& FakeMlflow::by_id(const std::string& id) {
  for (auto& run : runs_) {
    if (run.id == id) return run;
  }
  throw std::runtime_error("no run with id " + id);
}

FakeReply FakeMlflow::answer(const FakeRequest& request) {
  const std::lock_guard guard(mutex_);
  const std::string api = "/api/2.0/mlflow/", files = "/api/2.0/mlflow-artifacts/artifacts/1/";
  const auto& path = request.path;
  if (path == "/version") return {200, "3.17.2"};
  if (path.starts_with(files)) {
    const auto rest = path.substr(files.size());
    auto& run = by_id(rest.substr(0, rest.find('/')));
    run.artifacts[rest.substr(rest.find("/artifacts/") + 11)] = request.body;
    run.order.emplace_back("put");
    return good();
  }
  if (path.starts_with(api + "experiments/get-by-name"))
    return has_experiment_ ? good({{"experiment", {{"experiment_id", "7"}, {"lifecycle_stage", "active"}}}})
                           : bad(404, "RESOURCE_DOES_NOT_EXIST");
  return post(path.substr(api.size()), json::parse(request.body));
}

FakeReply FakeMlflow::post(const std::string& what, const json& body) {
  if (what == "experiments/create") {
    has_experiment_ = true;
    return good({{"experiment_id", "7"}});
  }
  if (what == "runs/create") {
    Run run{"id" + std::to_string(runs_.size()), {}, {}, {}, "RUNNING", {}, {}, {"create"}};
    for (const auto& tag : body.at("tags")) run.tags[tag.at("key")] = tag.at("value");
    runs_.push_back(run);
    return good({{"run", shown(run, artifact_root)}});
  }
  if (what == "runs/search") {
    const auto filter = body.at("filter").get<std::string>();
    json found = json::array();
    for (const auto& run : runs_) {
      for (const auto& [key, value] : run.tags) {
        if (filter == "tags.`" + key + "` = '" + value + "'") found.push_back(shown(run, artifact_root));
      }
    }
    return good({{"runs", found}});
  }
  auto& run = by_id(body.at("run_id"));
  if (what == "runs/log-batch") {
    run.order.emplace_back("log");
    for (const auto& param : body.at("params")) {
      const auto [at, is_new] = run.params.try_emplace(param.at("key"), param.at("value"));
      if (!is_new && at->second != param.at("value")) return bad(400, "INVALID_PARAMETER_VALUE");
    }
    for (const auto& metric : body.at("metrics"))
      run.metrics.emplace_back(metric.at("key"), metric.at("value"), metric.at("timestamp"),
                               metric.at("step"));
    for (const auto& tag : body.at("tags")) run.tags[tag.at("key")] = tag.at("value");
  } else if (what == "runs/update") {
    run.order.emplace_back("update");
    run.status = body.at("status");
  } else if (what == "runs/log-inputs") {
    run.order.emplace_back("inputs");
    for (const auto& data : body.at("datasets")) run.datasets.push_back(data);
  } else if (what == "runs/set-tag") {
    run.tags[body.at("key")] = body.at("value");
  } else {
    return bad(404, "ENDPOINT_NOT_FOUND");
  }
  return good();
}

}  // namespace dream::tracking::test
