#include <cstdlib>
#include <optional>

#include "base/errors.hpp"
#include "tests/mpi/stand_in.hpp"

#if __has_include(<nccl.h>) && __has_include(<cuda_runtime.h>)
#include <nccl.h>
#define DREAM_HAS_NCCL_HEADER 1
#endif

using namespace dream;

/// What src/comm/gpu_calls.hpp declares in our own words is what NCCL's header says.
BOOST_AUTO_TEST_CASE(the_declarations_are_those_of_nccl_h) {
#ifdef DREAM_HAS_NCCL_HEADER
  static_assert(sizeof(ncclUniqueId) == sizeof(comm::nccl::UniqueId));
  static_assert(sizeof(ncclResult_t) == sizeof(int) && sizeof(ncclDataType_t) == sizeof(int));
  static_assert(sizeof(ncclConfig_t) >= sizeof(comm::nccl::Config));
  static_assert(offsetof(ncclConfig_t, magic) == offsetof(comm::nccl::Config, magic));
  static_assert(offsetof(ncclConfig_t, version) == offsetof(comm::nccl::Config, version));
  static_assert(offsetof(ncclConfig_t, blocking) == offsetof(comm::nccl::Config, blocking));
  static_assert(std::is_same_v<ncclComm_t, ncclComm*> && std::is_same_v<cudaStream_t, comm::Stream>);
  const ncclConfig_t theirs = NCCL_CONFIG_INITIALIZER;
  BOOST_TEST(theirs.magic == comm::nccl::Config().magic);
  BOOST_TEST(NCCL_VERSION(2, 14, 0) == comm::nccl::Config().version);
  BOOST_TEST(NCCL_VERSION(2, 30, 0) == comm::nccl::first_that_shares_gpus);
  BOOST_TEST(ncclSuccess == comm::nccl::success);
  BOOST_TEST(ncclInProgress == comm::nccl::in_progress);
  BOOST_TEST(ncclUint8 == comm::nccl::bytes);
#else
  test::skip("there is no nccl.h here to compare with");
#endif
}

/// The real library, without a GPU: its entry points are there, and ids are made. The driver is not needed.
BOOST_AUTO_TEST_CASE(the_real_library_has_every_entry_point) {
  const char* wanted = std::getenv("DREAM_TEST_NCCL");
  std::optional<comm::GpuCalls> calls;
  for (const std::string name : {wanted != nullptr ? wanted : "libnccl.so.2", DREAM_NCCL_FOUND}) {
    try {
      if (!calls && !name.empty()) calls.emplace(test::stand_in_path(), name);
    } catch (const Error& error) {
      if (std::string(error.what()).find("has no symbol") != std::string::npos) throw;
    }
  }
  if (!calls)
    test::skip("no libnccl.so.2 here (DREAM_TEST_NCCL names one, e.g. of the wheel nvidia-nccl-cu13)");
  BOOST_TEST(calls->nccl_version() >= 21400);
  comm::nccl::UniqueId one{}, two{};
  BOOST_TEST(calls->ncclGetUniqueId(&one) == comm::nccl::success);
  BOOST_TEST(calls->ncclGetUniqueId(&two) == comm::nccl::success);
  BOOST_TEST(std::memcmp(&one, &two, sizeof one) != 0);
  BOOST_TEST(std::string(calls->ncclGetErrorString(comm::nccl::success)) == "no error");
  BOOST_TEST_MESSAGE("NCCL " << comm::nccl_version_text(calls->nccl_version()) << " of "
                             << calls->nccl_library.path());
}

BOOST_AUTO_TEST_CASE(a_library_that_is_absent_or_lacks_an_entry_point_is_named) {
  BOOST_CHECK_EXCEPTION(comm::GpuCalls(test::stand_in_path(), "libno_nccl.so"), Error,
                        [](const Error& error) {
                          return error.code == ExitCode::device &&
                                 std::string(error.what()).find("libno_nccl.so") != std::string::npos;
                        });
  // The C library is no NCCL.
  BOOST_CHECK_EXCEPTION(comm::GpuCalls(test::stand_in_path(), "libc.so.6"), Error, [](const Error& error) {
    return std::string(error.what()).find("ncclGetVersion") != std::string::npos;
  });
}
