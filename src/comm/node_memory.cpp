#include "comm/node_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/digest.hpp"
#include "base/errors.hpp"
#include "base/host.hpp"
#include "comm/agree.hpp"

// Why not MPI_Win_allocate_shared, and why a nameless file: docs/adr/0014-weights-once-per-node.md
namespace dream::comm {
namespace {

/// Ranks that say the same may be able to open each other's files: one running kernel, one view of its
/// processes, one user.
Digest machine() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  return Hasher("machine").add(boot).add(process_space()).add(std::int64_t{::geteuid()}).finish();
}

}  // namespace

/// Pages of this process's address space, and the file behind them while others may still look for it.
struct NodeMemory::Mapping {
  Mapping(void* data_, std::int64_t size_) : data(data_), size(static_cast<std::size_t>(size_)) {}
  ~Mapping() {
    ::munmap(data, size);
    close_file();
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void close_file() {
    if (file >= 0) ::close(std::exchange(file, -1));
  }
  void* data;
  std::size_t size;
  int file = -1;
};

/// Where the first rank of a machine has its file, as the others find it.
struct NodeMemory::Offer {
  Digest machine;
  std::int32_t process = 0;
  std::int32_t file = -1;   ///< descriptor in that process, -1: it has none
  std::int32_t error = 0;   ///< the errno of the reason
  std::int32_t unused = 0;  ///< no bytes without a value
  std::uint64_t device = 0, inode = 0;
};

std::span<std::byte> NodeMemory::bytes() const {
  return {static_cast<std::byte*>(mapping_->data), mapping_->size};
}

void NodeMemory::seal() const { (void)::mprotect(mapping_->data, mapping_->size, PROT_READ); }

std::shared_ptr<NodeMemory::Mapping> NodeMemory::anonymous(std::int64_t bytes) {
  void* const data = ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    throw Error(ExitCode::device, "no memory for " + std::to_string(bytes >> 20) +
                                      " MiB of packed weights: " + std::strerror(errno) +
                                      "; use fewer ranks, a smaller model or a lower precision");
  }
  return std::make_shared<Mapping>(data, bytes);
}

/// A nameless file in memory. Its pages are taken at once: where there are too few, that is an error here
/// and not a signal at some later write.
std::shared_ptr<NodeMemory::Mapping> NodeMemory::offer(std::int64_t bytes, Offer& offer) {
  const int file = ::memfd_create("dream_weights", MFD_CLOEXEC);
  struct stat status {};
  void* data = MAP_FAILED;
  if (file >= 0 && ::ftruncate(file, bytes) == 0 && ::fallocate(file, 0, 0, bytes) == 0 &&
      ::fstat(file, &status) == 0)
    data = ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) {
    offer.error = errno;
    if (file >= 0) ::close(file);
    return nullptr;
  }
  offer.file = file;
  offer.device = status.st_dev;
  offer.inode = status.st_ino;
  auto mapping = std::make_shared<Mapping>(data, bytes);
  mapping->file = file;
  return mapping;
}

/// Opens that file. Numbers of files and processes may mean others here than there, so it must be the same
/// file, and not only one that opens.
std::shared_ptr<NodeMemory::Mapping> NodeMemory::accept(std::int64_t bytes, const Offer& offer,
                                                        std::int32_t& error) {
  const auto path = "/proc/" + std::to_string(offer.process) + "/fd/" + std::to_string(offer.file);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat status {};
  void* data = MAP_FAILED;
  if (file >= 0 && ::fstat(file, &status) == 0) {
    if (status.st_dev == offer.device && status.st_ino == offer.inode && status.st_size == bytes)
      data = ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    else
      errno = ESTALE;
  }
  if (data == MAP_FAILED) error = errno;
  if (file >= 0) ::close(file);
  return data == MAP_FAILED ? nullptr : std::make_shared<Mapping>(data, bytes);
}

NodeMemory node_memory(Communicator& comm, std::int64_t bytes) {
  NodeMemory memory;
  const auto me = static_cast<std::size_t>(comm.rank());
  NodeMemory::Offer mine{.machine = machine(), .process = ::getpid()};
  const auto machines = comm.all_gather(mine.machine);
  const auto beside = std::ranges::count(machines, mine.machine);
  const auto first = static_cast<std::size_t>(std::ranges::find(machines, mine.machine) - machines.begin());
  if (first == me && beside > 1) memory.mapping_ = NodeMemory::offer(bytes, mine);

  const auto offers = comm.all_gather(mine);
  const auto& offered = offers[first];
  auto error = offered.error;
  if (first != me && offered.file >= 0) memory.mapping_ = NodeMemory::accept(bytes, offered, error);

  // Who sees the file; also the moment from which it need not be found any more.
  const auto seen = comm.all_gather(std::int32_t{memory.mapping_ != nullptr ? 1 : 0});
  if (memory.mapping_ != nullptr) {
    memory.mapping_->close_file();
    memory.parts_ = 0;
    for (std::size_t r = 0; r < seen.size(); ++r) {
      if (machines[r] != mine.machine || seen[r] == 0) continue;
      if (r == me) memory.part_ = memory.parts_;
      ++memory.parts_;
    }
  }
  agree(comm, [&] {
    if (memory.mapping_ != nullptr) return;
    if (beside > 1) memory.refusal_ = std::strerror(error);
    memory.mapping_ = NodeMemory::anonymous(bytes);
  });
  return memory;
}

}  // namespace dream::comm
