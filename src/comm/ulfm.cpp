#include "comm/ulfm.hpp"

#include <algorithm>
#include <numeric>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

namespace dream::comm::ulfm {

#ifdef OMPI_HAVE_MPI_EXT_FTMPI

bool built() { return true; }

bool enabled() {
  int* value = nullptr;
  int is_set = 0;
  return MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_FT, &value, &is_set) == MPI_SUCCESS && is_set != 0 &&
         *value != 0;
}

bool means_loss(int code) {
  int kind = MPI_SUCCESS;
  MPI_Error_class(code, &kind);
  return kind == MPIX_ERR_PROC_FAILED || kind == MPIX_ERR_PROC_FAILED_PENDING || kind == MPIX_ERR_REVOKED;
}

bool means_end(int code) {
  int kind = MPI_SUCCESS;
  MPI_Error_class(code, &kind);
  return kind != MPIX_ERR_PROC_FAILED_PENDING;
}

std::vector<int> failed(MPI_Comm comm) {
  MPI_Group gone;
  if (MPIX_Comm_get_failed(comm, &gone) != MPI_SUCCESS) return {};
  int count = 0;
  MPI_Group_size(gone, &count);
  std::vector<int> ranks(static_cast<std::size_t>(count));
  if (count > 0) {
    MPI_Group all;
    MPI_Comm_group(comm, &all);
    std::vector<int> positions(ranks.size());
    std::iota(positions.begin(), positions.end(), 0);
    MPI_Group_translate_ranks(gone, count, positions.data(), all, ranks.data());
    MPI_Group_free(&all);
    std::sort(ranks.begin(), ranks.end());
  }
  MPI_Group_free(&gone);
  return ranks;
}

void revoke(MPI_Comm comm) { MPIX_Comm_revoke(comm); }

bool revoked(MPI_Comm comm) {
  int flag = 0;
  return MPIX_Comm_is_revoked(comm, &flag) == MPI_SUCCESS && flag != 0;
}

MPI_Comm shrink(MPI_Comm comm) {
  MPI_Comm left = MPI_COMM_NULL;
  if (MPIX_Comm_shrink(comm, &left) != MPI_SUCCESS) return MPI_COMM_NULL;
  MPI_Comm_set_errhandler(left, MPI_ERRORS_RETURN);
  return left;
}

bool agree(MPI_Comm comm, bool well) {
  int flag = well ? 1 : 0;
  return MPIX_Comm_agree(comm, &flag) == MPI_SUCCESS && flag != 0;
}

#else

bool built() { return false; }
bool enabled() { return false; }
bool means_loss(int) { return false; }
bool means_end(int) { return true; }
std::vector<int> failed(MPI_Comm) { return {}; }
void revoke(MPI_Comm) {}
bool revoked(MPI_Comm) { return false; }
MPI_Comm shrink(MPI_Comm) { return MPI_COMM_NULL; }
bool agree(MPI_Comm, bool well) { return well; }

#endif

}  // namespace dream::comm::ulfm
