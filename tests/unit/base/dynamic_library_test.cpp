#include "base/dynamic_library.hpp"

#include <array>
#include <cmath>
#include <functional>

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream;

namespace {

constexpr std::array<std::string_view, 2> maths{"libm_of_another_system.so.1", "libm.so.6"};

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    BOOST_TEST((e.code == ExitCode::device));
    return e.what();
  }
  BOOST_ERROR("nothing was thrown");
  return {};
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_library_is_the_first_name_that_loads) {
  DynamicLibrary library(maths, "a cosine");
  BOOST_TEST(library.name() == "libm.so.6");
  BOOST_TEST(library.path().starts_with('/'));
  BOOST_TEST(library.path().ends_with("libm.so.6"));
  const auto moved = std::move(library);
  BOOST_TEST(moved.symbol<double(double)>("cos")(0.5) == std::cos(0.5));
  BOOST_TEST((moved.optional_symbol<void()>("cos_of_another_version") == nullptr));
}

BOOST_AUTO_TEST_CASE(a_missing_library_is_an_error_that_names_all_that_was_tried) {
  constexpr std::array<std::string_view, 2> names{"libabsent_one.so", "libabsent_two.so"};
  const auto message = message_of([&] { DynamicLibrary(names, "a cosine"); });
  for (const char* part : {"a cosine", "libabsent_one.so", "libabsent_two.so", "LD_LIBRARY_PATH"})
    BOOST_TEST(holds(message, part), message);
}

BOOST_AUTO_TEST_CASE(a_missing_symbol_is_an_error_that_names_library_and_symbol) {
  const DynamicLibrary library(maths, "a cosine");
  const auto message =
      message_of([&] { static_cast<void>(library.symbol<void()>("cos_of_another_version")); });
  BOOST_TEST(holds(message, "libm.so.6"), message);
  BOOST_TEST(holds(message, "cos_of_another_version"), message);
}
