#include "jobs/guarded.hpp"

#include <iostream>

#include "base/errors.hpp"

namespace dream::jobs {

int guarded(comm::Communicator& comm, const std::string& program, const std::function<int()>& run,
            const std::function<std::string(const std::string&)>& shown) {
  try {
    return run();
  } catch (const Error& e) {
    const bool shared = e.on_all_ranks || comm.size() == 1;
    if (!shared || comm.rank() == 0) std::cerr << program << ": " << shown(e.what()) << std::endl;
    if (shared) return static_cast<int>(e.code);
    comm.abort(static_cast<int>(e.code));
  } catch (const std::exception& e) {
    std::cerr << program << ": " << shown(e.what()) << std::endl;
    comm.abort(static_cast<int>(ExitCode::bug));
  }
}

}  // namespace dream::jobs
