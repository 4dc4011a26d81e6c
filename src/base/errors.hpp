#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dream {

/// How a program of ours ends; each value is explained in docs/errors.md.
enum class ExitCode : int {
  ok = 0,
  bug = 1,        ///< a broken invariant of ours
  config = 2,     ///< the command line or the config
  input = 3,      ///< documents, golden questions, model files
  endpoint = 4,   ///< a remote service
  state = 5,      ///< the state folder or the output folder
  device = 6,     ///< a GPU, MPI or NCCL
  budget = 7,     ///< the sweep's budget is spent
  gate = 8,       ///< a trial's mean is below what --fail-below asks for
  resumable = 75  ///< stopped on request before the end: the same command continues
};

/// Base of everything that we throw on purpose. The sentence names the thing, the place, the value found and
/// the remedy; subclasses keep the same values as fields, so that callers and tests need not read prose.
class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, const std::string& message) : std::runtime_error(message), code(exit_code) {}
  ExitCode code;
  /// Every rank of the job throws this error at this moment (comm::agree saw to it), so all can leave in good
  /// order.
  bool on_all_ranks = false;
};

/// A mistake in the command line or in a config file; `message` may list several, one a line.
struct ConfigError : Error {
  explicit ConfigError(const std::string& message) : Error(ExitCode::config, message) {}
};

/// A document, question file or model file that cannot be used. page: 1-based, 0 when it is about the whole
/// file.
struct CorpusError : Error {
  CorpusError(std::string path, int page, std::string_view what);
  std::string path;
  int page;
};

/// A weight, tokenizer or model file that is missing, truncated or lies. `item`: the tensor or key, may be
/// empty.
struct ModelError : Error {
  ModelError(std::string path, std::string item, std::string_view what);
  std::string path;
  std::string item;
};

/// A remote service that failed for good. status: HTTP status, 0 when there was none.
struct EndpointError : Error {
  EndpointError(std::string url, int status, int attempts, std::string_view what);
  std::string url;
  int status;
  int attempts;
};

/// A file of the state or output folder that cannot be read or written. `item`: the dataset, may be empty.
struct StateError : Error {
  StateError(std::string path, std::string item, std::string_view what);
  std::string path;
  std::string item;
};

/// A failed call of MPI or NCCL.
struct CommError : Error {
  CommError(std::string call, int native_code, int rank, std::string_view what);
  std::string call;
  int native_code;
  int rank;
};

/// A feature that this build does not have, and the option that brings it.
struct NotCompiled : Error {
  NotCompiled(std::string feature, std::string option);
  std::string feature;
  std::string option;
};

/// The run was asked to stop (signal, wall time) and did, at a point from which it continues.
struct Stopped : Error {
  explicit Stopped(std::string_view reason);
};

/// A broken invariant of ours: please report it.
struct InternalError : Error {
  explicit InternalError(const std::string& message) : Error(ExitCode::bug, message) {}
};

namespace detail {
[[noreturn]] void fail_check(const char* expression, const char* file, int line, const std::string& message);
}

/// Checks an invariant of ours, in every build type: a wrong figure costs the user more than the test of a
/// bool.
#define DREAM_CHECK(condition, message)                                                       \
  do {                                                                                        \
    if (!(condition)) ::dream::detail::fail_check(#condition, __FILE__, __LINE__, (message)); \
  } while (false)

}  // namespace dream
