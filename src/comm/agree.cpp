#include "comm/agree.hpp"

#include <exception>

namespace dream::comm {
namespace {

constexpr std::int64_t nobody = std::int64_t{1} << 40;

struct Failure {
  ExitCode code = ExitCode::ok;
  std::string message;
  std::exception_ptr cause;
  bool own = false;  ///< not merely interrupted by another rank's failure
};

/// The cause as this rank throws it, once all ranks know.
[[noreturn]] void throw_agreed(const Failure& failure) {
  try {
    std::rethrow_exception(failure.cause);
  } catch (Error& e) {
    e.on_all_ranks = true;
    throw;
  } catch (...) {
    Error error(failure.code, failure.message);
    error.on_all_ranks = true;
    throw error;
  }
}

Failure attempt(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Interrupted&) {
    return {};
  } catch (const CommError&) {
    throw;  // the group itself is broken: there is nobody to agree with
  } catch (const Error& e) {
    return {e.code, e.what(), std::current_exception(), true};
  } catch (const std::bad_alloc&) {
    return {ExitCode::device, "out of memory", std::current_exception(), true};
  } catch (const std::exception& e) {
    return {ExitCode::bug, e.what(), std::current_exception(), true};
  }
}

}  // namespace

void agree(Communicator& comm, const std::function<void()>& work) {
  const Failure mine = attempt(work);
  if (mine.own) comm.raise_alarm();
  const auto lowest = comm.all_reduce(mine.own ? comm.rank() : nobody, Reduce::min);
  if (lowest == nobody) return;
  comm.clear_alarm();
  const int root = static_cast<int>(lowest);
  Bytes told;
  if (comm.rank() == root) told = Packer().put(static_cast<std::int64_t>(mine.code)).put(mine.message).take();
  comm.broadcast(told, root);
  if (comm.rank() == root) throw_agreed(mine);
  Unpacker reader(told);
  const auto code = static_cast<ExitCode>(reader.get<std::int64_t>());
  throw RemoteError(root, code, reader.get<std::string>());
}

Pulse pulse_of(Communicator& comm, Pulse also) {
  return [comm, also = std::move(also)]() mutable {
    if (comm.alarmed()) throw Interrupted();
    also();
  };
}

}  // namespace dream::comm
