#pragma once
#include <mpi.h>

#include <exception>

#include "base/errors.hpp"
#include "comm/ulfm.hpp"

namespace dream::comm {

/// A communicator of MPI that frees itself, unless MPI is already gone. One that lost a rank is left as it
/// is: freeing takes all its ranks.
class Handle {
 public:
  explicit Handle(MPI_Comm parent) {
    if (MPI_Comm_dup(parent, &comm_) != MPI_SUCCESS) throw CommError("MPI_Comm_dup", 0, -1, "refused");
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  }
  ~Handle() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (!finalized && std::uncaught_exceptions() == 0 && !ulfm::revoked(comm_)) MPI_Comm_free(&comm_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  MPI_Comm get() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

}  // namespace dream::comm
