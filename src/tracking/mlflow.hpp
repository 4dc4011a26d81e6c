#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"
#include "tracking/entry.hpp"
#include "tracking/settings.hpp"
#include "tracking/spool.hpp"

/// MLflow's REST interface as pure functions: requests out of values, values out of replies.
namespace dream::tracking::mlflow {

/// Tags that find a run again: the key of the sweep's own run, on it and on all its trials, and the run's.
inline constexpr const char* sweep_tag = "dream.sweep_key";
inline constexpr const char* run_tag = "dream.run_key";

[[nodiscard]] net::HttpRequest find_experiment(const Settings& settings);
[[nodiscard]] net::HttpRequest create_experiment(const Settings& settings);
/// Runs of an experiment whose `tag` is `value`, 1,000 at a time; `page`: empty, or the token that the page
/// before gave.
[[nodiscard]] net::HttpRequest search_runs(const Settings& settings, const std::string& experiment,
                                           const std::string& tag, const std::string& value,
                                           const std::string& page = {});
/// `parent`: id of the run above, or empty.
[[nodiscard]] net::HttpRequest create_run(const Settings& settings, const std::string& experiment,
                                          const std::string& key, const NewRun& run,
                                          const std::string& parent);
/// As many requests as the server's limits for one want (1,000 metrics, 100 parameters, 100 tags; names and
/// values of a length). Metrics come first.
[[nodiscard]] std::vector<net::HttpRequest> log_values(const Settings& settings, const std::string& run,
                                                       const Values& values);
[[nodiscard]] net::HttpRequest set_status(const Settings& settings, const std::string& run,
                                          const NewStatus& status);
[[nodiscard]] net::HttpRequest log_dataset(const Settings& settings, const std::string& run,
                                           const Dataset& data);
/// An artifact through the server. `artifacts`: the run's address of them, "mlflow-artifacts:/...".
[[nodiscard]] net::HttpRequest put_artifact(const Settings& settings, const std::string& artifacts,
                                            const std::string& name, std::string bytes);
/// Says that an artifact is a table.
[[nodiscard]] net::HttpRequest mark_table(const Settings& settings, const std::string& run,
                                          const std::string& name);

/// A name that the server takes: letters, digits and "_-. :/"; every other byte becomes '_'.
[[nodiscard]] std::string valid_name(std::string_view name);

/// What a reply means for its request.
enum class Meaning {
  done,
  again,    ///< the server or the way to it failed; later it may not
  refused,  ///< this request will never be taken, others may be
  closed    ///< nothing will be taken until somebody changes something
};
struct Verdict {
  Meaning meaning = Meaning::done;
  std::string code;  ///< MLflow's word: "RESOURCE_DOES_NOT_EXIST"
  std::string text;  ///< what happened, where, what to do; without secrets when `redact` knows them
};
[[nodiscard]] Verdict judge(const Settings& settings, const net::HttpResult& result);

/// Id of an experiment; nothing when the reply holds none.
struct Experiment {
  std::string id;
  bool deleted = false;
};
[[nodiscard]] std::optional<Experiment> experiment_of(const net::HttpResult& result);
/// The run that was created.
[[nodiscard]] std::optional<RunAddress> run_of(const net::HttpResult& result);
struct Found {
  std::vector<std::pair<std::string, RunAddress>> runs;  ///< by their keys
  std::string next_page;
};
[[nodiscard]] std::optional<Found> found_in(const net::HttpResult& result);

/// "3.17.2" -> {3, 17}; nothing for a text that is no version.
[[nodiscard]] std::optional<std::pair<int, int>> version_of(std::string_view text);

}  // namespace dream::tracking::mlflow
