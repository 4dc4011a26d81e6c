#include "tracking/check.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"
#include "tracking/mlflow.hpp"

namespace dream::tracking {
namespace {

/// Datasets as inputs of runs came with it.
constexpr std::pair<int, int> oldest{2, 4};

net::HttpResult ask(net::HttpRequest request, const Pulse& pulse) {
  request.connect_timeout = std::chrono::seconds(5);
  request.total_timeout = std::chrono::seconds(20);
  return net::fetch(std::move(request), pulse);
}

[[noreturn]] void refuse(const std::string& why) { throw Error(ExitCode::endpoint, why); }

}  // namespace

std::string check_server(const Settings& settings, const Pulse& pulse) {
  net::Redactor redact;
  add_secrets(settings.environment, redact);
  const auto later = [](const std::string& why) {
    return why + "; the sweep goes on, and what MLflow should know is kept in sweep.output until it answers";
  };
  const auto said = ask(request_to(settings, "GET", "/version"), pulse);
  const auto first = mlflow::judge(settings, said);
  if (first.meaning == mlflow::Meaning::again) {
    // A name without an address is a slip of the pen rather than a server that is down.
    if (said.fault == net::HttpFault::dns) refuse(first.text + "; correct tracking.uri");
    return later(first.text);
  }
  if (first.meaning == mlflow::Meaning::closed &&
      (said.status == 401 || said.status == 403 || said.status == 0))
    refuse(redact(first.text));
  if (const auto version = mlflow::version_of(said.body);
      said.status == 200 && version && *version < oldest) {
    refuse(
        fmt::format("MLflow at {} is version {}; dream_sweep needs {}.{} or later: upgrade the server, or "
                    "leave the section [tracking] out",
                    settings.uri, said.body, oldest.first, oldest.second));
  }
  const auto found = ask(mlflow::find_experiment(settings), pulse);
  const auto second = mlflow::judge(settings, found);
  if (second.meaning == mlflow::Meaning::again) return later(redact(second.text));
  if (second.code == "RESOURCE_DOES_NOT_EXIST") return "";
  const auto experiment = mlflow::experiment_of(found);
  if (second.meaning != mlflow::Meaning::done) refuse(redact(second.text));
  if (!experiment) {
    refuse(fmt::format("{} does not answer as MLflow does; is tracking.uri the address of an MLflow server?",
                       settings.uri));
  }
  if (experiment->deleted) {
    refuse(
        fmt::format("the experiment \"{}\" at {} is deleted; restore it there, or choose another "
                    "tracking.experiment",
                    settings.experiment, settings.uri));
  }
  return "";
}

}  // namespace dream::tracking
