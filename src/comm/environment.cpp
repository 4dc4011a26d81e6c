#include <mpi.h>

#include <cstdlib>
#include <exception>

#include "comm/mpi.hpp"
#include "comm/ulfm.hpp"

namespace dream::comm {
namespace {

/// Where MPI survives a loss, MPI_Finalize brings those that live together and then asks the launcher to do
/// so once more. Open MPI 5's launcher, when it reaps a dead process before it sees its connection break,
/// waits there for the dead one too, for ever. The first is enough, so the second is left out.
void finalize_without_the_launcher() {
  const char* survives = std::getenv("OMPI_MCA_mpi_ft_enable");
  if (ulfm::built() && survives != nullptr && std::atoi(survives) != 0)
    ::setenv("OMPI_MCA_async_mpi_finalize", "1", 0);
}

}  // namespace

MpiEnvironment::MpiEnvironment(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  finalize_without_the_launcher();
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
