#include "tests/mpi/stand_in.hpp"

namespace dream::test {

std::string stand_in_path() { return DREAM_STAND_IN; }

}  // namespace dream::test
