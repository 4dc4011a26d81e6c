#pragma once
#include <mpi.h>

#include <vector>

/// The calls of MPI that outlive a rank (User-Level Failure Mitigation, in Open MPI 5), and what stands for
/// them where the library lacks them. Only comm's own files include this.
namespace dream::comm::ulfm {

/// Whether this build's library has them.
[[nodiscard]] bool built();

/// Whether the launcher has switched them on (mpirun --with-ft ulfm); false in other builds. MPI has started.
[[nodiscard]] bool enabled();

/// Whether a call's error code means that the group lost a rank, or that somebody who noticed has revoked it.
[[nodiscard]] bool means_loss(int code);

/// Whether a request that was tested with this error code has come to its end: all codes but "some rank that
/// could have sent to it is gone".
[[nodiscard]] bool means_end(int code);

/// The ranks of `comm` that this process knows to be gone, ascending. Local.
[[nodiscard]] std::vector<int> failed(MPI_Comm comm);

/// Makes every waiting and later call on `comm` end, on all its ranks. Local.
void revoke(MPI_Comm comm);
[[nodiscard]] bool revoked(MPI_Comm comm);

/// The group of those who call it, which are all that live; MPI_COMM_NULL when it failed. Collective.
[[nodiscard]] MPI_Comm shrink(MPI_Comm comm);

/// True on all ranks that live, or false on all: false when one said so, and when the group lost a rank.
/// Collective.
[[nodiscard]] bool agree(MPI_Comm comm, bool well);

}  // namespace dream::comm::ulfm
