// What can be seen of cuBLASLt without a GPU: whether all that we use of it is there.
#include "device/cublas.hpp"

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream;

BOOST_AUTO_TEST_CASE(cublas_is_complete_or_its_absence_is_told) {
  try {
    const device::CublasTable table;
    BOOST_TEST(table.version() / 10000 == CUBLAS_VER_MAJOR);
    BOOST_CHECK_EXCEPTION(table.check(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmul"), Error,
                          [](const Error& e) {
                            const std::string_view text = e.what();
                            return e.code == ExitCode::device && text.starts_with("cublasLtMatmul: ") &&
                                   text.find("libcublasLt") != text.npos;
                          });
  } catch (const Error& e) {
    BOOST_TEST(std::string_view(e.what()).starts_with("matrix products on a GPU needs a library"), e.what());
    BOOST_TEST(std::string_view(e.what()).find("libcublasLt.so.") != std::string_view::npos, e.what());
  }
}
