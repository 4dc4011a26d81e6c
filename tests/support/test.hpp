#pragma once
// The test kit: Boost.Test with our own main. A case that needs ranks says so with a decorator:
//
//   BOOST_AUTO_TEST_CASE(sums, *dream::test::ranks({1, 2, 3})) {
//     auto comm = dream::test::world();
//     ...
//   }
//
// CTest then runs it once for each number, under mpirun. Cases without the decorator run without MPI.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "comm/communicator.hpp"

namespace dream::test {

/// Decorator: the numbers of ranks that a case is run with. (Boost's own label() keeps a pointer into a
/// string that is gone by the time it is read, hence a class.)
class ranks : public boost::unit_test::decorator::base {
 public:
  ranks(std::initializer_list<int> numbers);

 private:
  void apply(boost::unit_test::test_unit& unit) override;
  [[nodiscard]] boost::unit_test::decorator::base_ptr clone() const override;
  std::string label_;
};

/// The ranks that run this case; self() without mpirun.
[[nodiscard]] comm::Communicator world();

/// A fresh folder for this case, the same on all ranks of the case; removed when the program ends well.
[[nodiscard]] std::filesystem::path folder();

/// tests/data of the source tree.
[[nodiscard]] std::filesystem::path data();

/// The repository's root in the source tree.
[[nodiscard]] std::filesystem::path source();

/// The folder with the built programs (dream_sweep, dream_reader, ...).
[[nodiscard]] std::filesystem::path programs();

/// Real documents beside the checkout, for cases labelled `realdata`: $DREAM_REALDATA or ../shared/data.
/// Skips the case (exit status 77, the reason printed) when it is absent.
[[nodiscard]] std::filesystem::path realdata();

/// The MiniLM folder: $DREAM_MODELS/all-MiniLM-L6-v2, or models/ of the source tree. Skips the case when it
/// is absent.
[[nodiscard]] std::filesystem::path minilm();

/// Ends this case as skipped, with a reason that CTest shows.
[[noreturn]] void skip(const std::string& reason);

}  // namespace dream::test
