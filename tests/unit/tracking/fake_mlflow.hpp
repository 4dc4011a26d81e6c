#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_http.hpp"
#include "tracking/settings.hpp"

namespace dream::tracking::test {

/// An MLflow server of our own in memory: what it has been told, and how it misbehaves.
class FakeMlflow {
 public:
  struct Run {
    std::string id;
    std::map<std::string, std::string> tags, params;
    std::vector<std::tuple<std::string, double, std::int64_t, std::int64_t>> metrics;  ///< and time, step
    std::string status = "RUNNING";
    std::vector<nlohmann::json> datasets;
    std::map<std::string, std::string> artifacts;
    std::vector<std::string> order;  ///< of what it was told: "create", "log", "update", "inputs", "put"
  };
  /// Called before a request is taken: a reply in its place, or nothing. `takes`: set it, and the request is
  /// taken though its reply is the one returned.
  using Fault = std::function<std::optional<dream::test::FakeReply>(const dream::test::FakeRequest&,
                                                                    int before, bool& takes)>;
  explicit FakeMlflow(Fault fault = {});

  [[nodiscard]] Settings settings() const;
  [[nodiscard]] std::vector<Run> runs() const;
  /// The run with this key of ours.
  [[nodiscard]] Run run(const std::string& key) const;
  [[nodiscard]] int requests() const { return static_cast<int>(server_->log().size()); }

  std::string artifact_root = "mlflow-artifacts:/1";

 private:
  dream::test::FakeReply answer(const dream::test::FakeRequest& request);
  dream::test::FakeReply post(const std::string& what, const nlohmann::json& body);
  Run& by_id(const std::string& id);
  mutable std::mutex mutex_;
  std::vector<Run> runs_;
  bool has_experiment_ = false;
  Fault fault_;
  std::unique_ptr<dream::test::FakeHttp> server_;
};

}  // namespace dream::tracking::test
