#include <mpi.h>

#include <cstdlib>
#include <exception>

#include "comm/mpi.hpp"
#include "comm/ulfm.hpp"

namespace dream::comm {
MpiEnvironment::MpiEnvironment(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    throw CommError("MPI_Init_thread", 0, -1, "MPI does not start");
  }
  if (provided < MPI_THREAD_FUNNELED) throw CommError("MPI_Init_thread", provided, -1, "MPI without threads");
}

MpiEnvironment::~MpiEnvironment() {
  if (std::uncaught_exceptions() == exceptions_at_start_) MPI_Finalize();
}

bool launched_by_mpi() {
  // Open MPI 4 and 5, PMIx launchers, Slurm's PMI, MPICH's Hydra.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

int launched_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 0;
}

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(text, &length);
  std::string version(text, static_cast<std::size_t>(length));
  version = version.substr(0, version.find(','));
  if (ulfm::built()) version += ", built with ULFM";
  return version;
}

}  // namespace dream::comm
