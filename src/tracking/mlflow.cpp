#include "tracking/mlflow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "storage/url.hpp"

namespace dream::tracking::mlflow {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t most_metrics = 1000, most_params = 100, most_tags = 100, most_together = 1000;
constexpr std::size_t longest_param = 500;  // of MLflow before 2.8; 6,000 since
constexpr std::size_t longest_tag = 5000, longest_name = 250;

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

net::HttpRequest post(const Settings& settings, const std::string& what, const json& body) {
  return request_to(settings, "POST", "/api/2.0/mlflow/" + what, dump(body));
}

/// At most `bytes` of it, whole characters.
std::string cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  bytes -= 3;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0U) == 0x80U) --bytes;
  return std::string(text.substr(0, bytes)) + "...";
}

json named(const Named& list, std::size_t longest) {
  json out = json::array();
  for (const auto& [name, value] : list)
    out.push_back({{"key", valid_name(name)}, {"value", cut(value, longest)}});
  return out;
}

std::string status_text(Status status) {
  switch (status) {
    case Status::running:
      return "RUNNING";
    case Status::finished:
      return "FINISHED";
    case Status::failed:
      return "FAILED";
    case Status::killed:
      break;
  }
  return "KILLED";
}

json parse(const net::HttpResult& result) { return json::parse(result.body, nullptr, false); }

std::string text_of(const json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string value_of_tag(const json& run, std::string_view tag) {
  const auto data = run.find("data");
  if (data == run.end() || !data->contains("tags")) return "";
  for (const auto& entry : data->at("tags")) {
    if (text_of(entry, "key") == tag) return text_of(entry, "value");
  }
  return "";
}

std::optional<RunAddress> address_of(const json& run) {
  const auto info = run.find("info");
  if (info == run.end()) return std::nullopt;
  RunAddress address{text_of(*info, "run_id"), text_of(*info, "artifact_uri")};
  if (address.id.empty()) return std::nullopt;
  return address;
}

std::string host_of(const std::string& uri) {
  const auto begin = uri.find("://") + 3;
  const auto authority = uri.substr(begin, uri.find('/', begin) - begin);
  return authority.substr(0, authority.rfind(':'));
}

/// Of two requests that make the same row of its database at the same moment (the golden dataset, say) MLflow
/// refuses one with 400; sent again, it finds the row. The words are PostgreSQL's, SQLite's and MySQL's.
bool has_collided(std::string_view said) {
  return said.find("UniqueViolation") != said.npos || said.find("UNIQUE constraint failed") != said.npos ||
         said.find("Duplicate entry") != said.npos;
}

/// The words of a refusal that no other request will escape.
std::string why_closed(const Settings& settings, int status, const std::string& said) {
  if (status == 401) {
    return fmt::format(
        "MLflow at {} does not let us in (401{}); export MLFLOW_TRACKING_TOKEN, or "
        "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, that are right and not expired",
        settings.uri, said);
  }
  if (said.find("Invalid Host header") != std::string::npos) {
    return fmt::format(
        "MLflow at {} takes no requests for the host name {} (403{}); start it with `mlflow server "
        "--allowed-hosts {}`, or use an address that it allows in tracking.uri",
        settings.uri, host_of(settings.uri), said, host_of(settings.uri));
  }
  return fmt::format(
      "MLflow at {} does not allow this user to write to the experiment \"{}\" ({}{}); have it give the "
      "permission EDIT, or choose another tracking.experiment",
      settings.uri, settings.experiment, status, said);
}

}  // namespace

net::HttpRequest find_experiment(const Settings& settings) {
  return request_to(settings, "GET",
                    "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" +
                        storage::percent_encode(settings.experiment));
}

net::HttpRequest create_experiment(const Settings& settings) {
  return post(settings, "experiments/create", {{"name", settings.experiment}});
}

net::HttpRequest search_runs(const Settings& settings, const std::string& experiment, const std::string& tag,
                             const std::string& value, const std::string& page) {
  json body{{"experiment_ids", {experiment}},
            {"filter", fmt::format("tags.`{}` = '{}'", tag, value)},
            {"run_view_type", "ACTIVE_ONLY"},
            {"max_results", 1000}};
  if (!page.empty()) body["page_token"] = page;
  return post(settings, "runs/search", body);
}

net::HttpRequest create_run(const Settings& settings, const std::string& experiment, const std::string& key,
                            const NewRun& run, const std::string& parent) {
  auto tags = named(run.tags, longest_tag);
  tags.push_back({{"key", run_tag}, {"value", key}});
  if (!parent.empty()) tags.push_back({{"key", "mlflow.parentRunId"}, {"value", parent}});
  return post(settings, "runs/create",
              {{"experiment_id", experiment},
               {"run_name", run.name},
               {"start_time", run.start_ms},
               {"tags", std::move(tags)}});
}

std::vector<net::HttpRequest> log_values(const Settings& settings, const std::string& run,
                                         const Values& values) {
  std::vector<net::HttpRequest> requests;
  const auto params = named(values.params, longest_param);
  const auto tags = named(values.tags, longest_tag);
  for (std::size_t m = 0, p = 0, t = 0;
       m < values.metrics.size() || p < params.size() || t < tags.size() || requests.empty();) {
    json body{
        {"run_id", run}, {"metrics", json::array()}, {"params", json::array()}, {"tags", json::array()}};
    std::size_t room = most_together;
    for (; m < values.metrics.size() && body["metrics"].size() < most_metrics && room > 0; ++m, --room) {
      body["metrics"].push_back({{"key", valid_name(values.metrics[m].first)},
                                 {"value", values.metrics[m].second},
                                 {"timestamp", values.time_ms},
                                 {"step", values.step}});
    }
    for (; p < params.size() && body["params"].size() < most_params && room > 0; ++p, --room)
      body["params"].push_back(params[p]);
    for (; t < tags.size() && body["tags"].size() < most_tags && room > 0; ++t, --room)
      body["tags"].push_back(tags[t]);
    requests.push_back(post(settings, "runs/log-batch", body));
  }
  return requests;
}

net::HttpRequest set_status(const Settings& settings, const std::string& run, const NewStatus& status) {
  json body{{"run_id", run}, {"status", status_text(status.status)}};
  if (status.status != Status::running) body["end_time"] = status.time_ms;
  return post(settings, "runs/update", body);
}

net::HttpRequest log_dataset(const Settings& settings, const std::string& run, const Dataset& data) {
  return post(
      settings, "runs/log-inputs",
      {{"run_id", run},
       {"datasets",
        json::array({{{"tags", json::array({{{"key", "mlflow.data.context"}, {"value", data.context}}})},
                      {"dataset",
                       {{"name", cut(data.name, 500)},
                        {"digest", data.digest.substr(0, 36)},
                        {"source_type", data.source.starts_with("s3://") ? "s3" : "local"},
                        {"source", dump({{"uri", data.source}})},
                        {"profile", dump({{"num_rows", data.rows}})}}}}})}});
}

net::HttpRequest put_artifact(const Settings& settings, const std::string& artifacts, const std::string& name,
                              std::string bytes) {
  auto rest = artifacts.substr(artifacts.find(':') + 1);
  auto at = settings;
  if (rest.starts_with("//")) {  // another server than the one that keeps the runs
    const auto end = rest.find('/', 2);
    at.uri = at.uri.substr(0, at.uri.find(':') + 3) + rest.substr(2, end - 2);
    rest = rest.substr(std::min(end, rest.size()));
  }
  auto request = request_to(
      at, "PUT", "/api/2.0/mlflow-artifacts/artifacts" + storage::percent_encode(rest + "/" + name, true),
      std::move(bytes));
  std::erase_if(request.headers, [](const auto& line) { return line.starts_with("Content-Type:"); });
  request.headers.emplace_back("Content-Type: application/octet-stream");
  request.total_timeout = std::chrono::minutes(10);
  return request;
}

net::HttpRequest mark_table(const Settings& settings, const std::string& run, const std::string& name) {
  return post(settings, "runs/set-tag",
              {{"run_id", run},
               {"key", "mlflow.loggedArtifacts"},
               {"value", R"([{"path": ")" + name + R"(", "type": "table"}])"}});
}

std::string valid_name(std::string_view name) {
  std::string result = cut(name, longest_name);
  for (char& c : result) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view("_-. :/").find(c) == std::string_view::npos) c = '_';
  }
  return result;
}

Verdict judge(const Settings& settings, const net::HttpResult& result) {
  if (result.fault == net::HttpFault::tls) {
    return {Meaning::closed, "",
            fmt::format("MLflow at {}: no trusted connection ({}); name its authority's file in "
                        "tracking.ca_file",
                        settings.uri, result.fault_text)};
  }
  if (result.fault != net::HttpFault::none) {
    return {Meaning::again, std::string(net::to_text(result.fault)),
            fmt::format("MLflow at {} cannot be reached ({})", settings.uri, result.fault_text)};
  }
  if (result.status >= 200 && result.status < 300) return {};
  const auto body = parse(result);
  const auto code = body.is_object() ? text_of(body, "error_code") : "";
  auto said = body.is_object() ? text_of(body, "message") : result.body;
  said = said.empty() ? "" : ": " + cut(said, 300);
  if (result.status >= 500 || result.status == 429 || result.status == 408 || has_collided(said))
    return {Meaning::again, code, fmt::format("MLflow at {}: {}{}", settings.uri, result.status, said)};
  if (result.status == 401 || result.status == 403)
    return {Meaning::closed, code, why_closed(settings, result.status, said)};
  if (code.empty() && result.status != 413) {
    return {Meaning::closed, code,
            fmt::format("{} answers with {}{} where MLflow would not: is tracking.uri the address of an "
                        "MLflow server, without a path that is not its own?",
                        settings.uri, result.status, said)};
  }
  return {Meaning::refused, code,
          fmt::format("MLflow at {} refuses: {} {}{}", settings.uri, result.status, code, said)};
}

std::optional<Experiment> experiment_of(const net::HttpResult& result) {
  const auto body = parse(result);
  if (!body.is_object()) return std::nullopt;
  if (body.contains("experiment_id")) return Experiment{text_of(body, "experiment_id")};
  const auto found = body.find("experiment");
  if (found == body.end() || text_of(*found, "experiment_id").empty()) return std::nullopt;
  return Experiment{text_of(*found, "experiment_id"), text_of(*found, "lifecycle_stage") == "deleted"};
}

std::optional<RunAddress> run_of(const net::HttpResult& result) {
  const auto body = parse(result);
  if (!body.is_object() || !body.contains("run")) return std::nullopt;
  return address_of(body.at("run"));
}

std::optional<Found> found_in(const net::HttpResult& result) {
  const auto body = parse(result);
  if (!body.is_object()) return std::nullopt;
  Found found{{}, text_of(body, "next_page_token")};
  for (const auto& run : body.value("runs", json::array())) {
    auto key = value_of_tag(run, run_tag);
    if (auto address = address_of(run); address && !key.empty())
      found.runs.emplace_back(std::move(key), std::move(*address));
  }
  return found;
}

std::optional<std::pair<int, int>> version_of(std::string_view text) {
  std::pair<int, int> version;
  const auto* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.second);
  if (minor.ec != std::errc()) return std::nullopt;
  return version;
}

}  // namespace dream::tracking::mlflow
