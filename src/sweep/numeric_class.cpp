#include "sweep/numeric_class.hpp"

#include <algorithm>

#include "base/errors.hpp"
#include "comm/agree.hpp"
#include "kernels/api/numeric_class.hpp"

namespace dream::sweep {

std::string agree_on_numeric_class(comm::Communicator& comm) {
  const auto classes = kernels::cpu::numeric_classes();
  const auto own = kernels::cpu::numeric_class();
  const auto at = std::ranges::find(classes, own) - classes.begin();
  DREAM_CHECK(at < std::ssize(classes), "unknown numeric class " + own);
  const auto least = comm.all_reduce(at, comm::Reduce::min);
  const std::string agreed(classes[static_cast<std::size_t>(least)]);
  comm::agree(comm, [&] {
    if (agreed != own) kernels::cpu::limit_numeric_class(agreed);
  });
  return agreed;
}

}  // namespace dream::sweep
