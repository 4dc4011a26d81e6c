#include "comm/node_memory.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/errors.hpp"
#include "comm/agree.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using dream::test::ranks;

namespace {

constexpr std::int64_t size = 100'000;  // no multiple of a page

/// Every part writes its number plus one into its share; all must then read all shares.
void check_shares(comm::Communicator& comm, const comm::NodeMemory& memory) {
  const auto bytes = memory.bytes();
  BOOST_REQUIRE(std::ssize(bytes) == size);
  BOOST_TEST(std::ranges::all_of(bytes, [](auto b) { return b == std::byte{0}; }));
  comm.barrier();  // nobody writes before all have looked
  for (auto i = static_cast<std::size_t>(memory.part()); i < bytes.size();
       i += static_cast<std::size_t>(memory.parts()))
    bytes[i] = static_cast<std::byte>(memory.part() + 1);
  comm.barrier();
  bool right = true;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    right = right && bytes[i] == static_cast<std::byte>(i % static_cast<std::size_t>(memory.parts()) + 1);
  BOOST_TEST(right, "rank " << comm.rank() << " does not see what the others wrote");
}

/// A limit of this process, until the end of the scope.
class Limit {
 public:
  Limit(int resource, rlim_t most) : resource_(resource) {
    ::getrlimit(static_cast<__rlimit_resource>(resource_), &before_);
    const rlimit now{most, before_.rlim_max};
    ::setrlimit(static_cast<__rlimit_resource>(resource_), &now);
  }
  ~Limit() { ::setrlimit(static_cast<__rlimit_resource>(resource_), &before_); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  int resource_;
  rlimit before_{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(ranks_of_a_machine_see_the_same_bytes, *ranks({1, 2, 3, 4})) {
  auto comm = dream::test::world();
  for (int round = 0; round < 3; ++round) {
    const auto memory = comm::node_memory(comm, size);
    BOOST_TEST(memory.parts() == comm.size());
    BOOST_TEST(memory.part() == comm.rank());
    BOOST_TEST(memory.refusal() == "");
    check_shares(comm, memory);
  }
}

BOOST_AUTO_TEST_CASE(the_bytes_outlive_the_rank_that_offered_them, *ranks({2, 3})) {
  auto comm = dream::test::world();
  std::shared_ptr<const void> owner;
  std::span<std::byte> bytes;
  {
    const auto memory = comm::node_memory(comm, size);
    if (memory.part() == 0) std::ranges::fill(memory.bytes(), std::byte{7});
    if (comm.rank() != 0) owner = memory.owner(), bytes = memory.bytes();
  }
  comm.barrier();
  BOOST_TEST(std::ranges::all_of(bytes, [](auto b) { return b == std::byte{7}; }));
}

BOOST_AUTO_TEST_CASE(nobody_writes_what_is_sealed, *ranks({1, 2})) {
  auto comm = dream::test::world();
  const auto memory = comm::node_memory(comm, size);
  memory.seal();
  BOOST_TEST((memory.bytes()[0] == std::byte{0}));
  const auto child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, [](int) { ::_exit(42); });
    *const_cast<volatile std::byte*>(memory.bytes().data()) = std::byte{1};
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 42));
}

BOOST_AUTO_TEST_CASE(where_no_file_can_be_made_each_rank_has_its_own_and_says_why, *ranks({1, 2, 3})) {
  auto comm = dream::test::world();
  std::signal(SIGXFSZ, SIG_IGN);
  const Limit limit(RLIMIT_FSIZE, 4096);
  const auto memory = comm::node_memory(comm, size);
  BOOST_TEST(memory.parts() == 1);
  BOOST_TEST(memory.refusal() == (comm.size() == 1 ? "" : "File too large"));
  check_shares(comm, memory);
}

BOOST_AUTO_TEST_CASE(a_rank_that_may_not_look_at_the_others_is_alone, *ranks({2, 3})) {
  auto comm = dream::test::world();
  const auto process = comm.all_gather(::getpid());
  const int last = comm.size() - 1;
  bool hidden = true;
  if (comm.rank() == last) {
    const auto path = "/proc/" + std::to_string(process[0]);
    hidden = ::unshare(CLONE_NEWNS) == 0 &&
             ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             ::mount("none", path.c_str(), "tmpfs", 0, nullptr) == 0;
  }
  if (comm.all_reduce(hidden ? 1 : 0, comm::Reduce::min) == 0)
    dream::test::skip("this user may not hide a process from another");
  const auto memory = comm::node_memory(comm, size);
  BOOST_TEST(memory.parts() == (comm.rank() == last ? 1 : last));
  BOOST_TEST(memory.refusal() == (comm.rank() == last ? "No such file or directory" : ""));
  check_shares(comm, memory);
}

BOOST_AUTO_TEST_CASE(no_memory_at_all_is_one_error_on_all_ranks, *ranks({1, 2, 3})) {
  auto comm = dream::test::world();
  std::signal(SIGXFSZ, SIG_IGN);
  const Limit no_file(RLIMIT_FSIZE, 4096);
  const Limit no_space(RLIMIT_AS, comm.rank() == comm.size() - 1 ? 1 << 20 : RLIM_INFINITY);
  BOOST_CHECK_EXCEPTION((void)comm::node_memory(comm, std::int64_t{1} << 30), Error, [](const Error& error) {
    return error.on_all_ranks && error.code == ExitCode::device &&
           std::string_view(error.what()).starts_with("no memory for 1024 MiB of packed weights");
  });
}
