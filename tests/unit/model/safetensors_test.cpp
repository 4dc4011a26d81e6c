#include "model/safetensors.hpp"

#include "base/errors.hpp"
#include "tests/support/test.hpp"
#include "tests/unit/model/tiny_bert.hpp"

using namespace dream;
using nlohmann::json;
using test::TinyBert;

namespace {

std::filesystem::path file(const std::string& bytes) {
  static int count = 0;
  const auto path = test::folder() / ("f" + std::to_string(count++));
  TinyBert::put(path, bytes);
  return path;
}

std::string with(const json& entry, const std::string& data = std::string(16, '\0')) {
  return TinyBert::safetensors({{"t", entry}}, data);
}

/// The tensor and the message of the error that opening, or reading (2, 2) from "t", ends with.
std::pair<std::string, std::string> error_of(const std::string& bytes) {
  const auto path = file(bytes);
  try {
    (void)model::SafeTensors(path).floats("t", {2, 2});
  } catch (const ModelError& error) {
    BOOST_TEST(error.path == path.string());
    return {error.item, error.what()};
  }
  return {"", "no error"};
}

void check_error(const std::string& bytes, const std::string& item, const std::string& part) {
  const auto [found, message] = error_of(bytes);
  BOOST_TEST(found == item, message);
  BOOST_TEST(message.find(part) != std::string::npos, message << " has no \"" << part << "\"");
}

json entry(const char* type, json shape, json offsets) {
  return {{"dtype", type}, {"shape", std::move(shape)}, {"data_offsets", std::move(offsets)}};
}

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_come_back_in_all_three_types) {
  const auto f32 = file(with(entry("F32", {2, 2}, {0, 16}), bytes_of({1, -2, 0.5F, 3})));
  const model::SafeTensors opened(f32);
  const auto floats = opened.floats("t", {2, 2});
  BOOST_TEST((std::vector<float>(floats.values().begin(), floats.values().end()) ==
              std::vector<float>{1, -2, 0.5F, 3}));
  BOOST_TEST(floats.matrix(2).row(1)[0] == 0.5F);
  // 1, -2, the smallest subnormal 2^-24, the largest finite 65504.
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0x0001, 0x7BFF};
  const model::SafeTensors f16(
      file(with(entry("F16", {2, 2}, {0, 8}), std::string(reinterpret_cast<const char*>(half.data()), 8))));
  const auto halves = f16.floats("t", {2, 2});
  BOOST_TEST((std::vector<float>(halves.values().begin(), halves.values().end()) ==
              std::vector<float>{1, -2, std::ldexp(1.0F, -24), 65504}));
  const std::vector<std::uint16_t> brain{0x3F80, 0xC000, 0x0000, 0x4049};
  const model::SafeTensors bf16(
      file(with(entry("BF16", {2, 2}, {0, 8}), std::string(reinterpret_cast<const char*>(brain.data()), 8))));
  BOOST_TEST(bf16.floats("t", {2, 2}).values()[3] == 3.140625F);
}

BOOST_AUTO_TEST_CASE(values_are_read_at_odd_addresses) {
  // A header of odd length puts the data where no float may be read in place.
  for (const char* name : {"t", "tt", "ttt", "tttt"}) {
    const auto path = file(TinyBert::safetensors({{name, entry("F32", {1, 2}, {0, 8})}}, bytes_of({4, 5})));
    BOOST_TEST(model::SafeTensors(path).floats(name, {1, 2}).values()[1] == 5);
  }
}

BOOST_AUTO_TEST_CASE(rows_are_read_as_they_are_stored) {
  const std::vector<std::uint16_t> half{0x3C00, 0xC000, 0x0001, 0x7BFF}, brain{0x3F80, 0xC000, 0, 0x4049};
  const auto text = [](const std::vector<std::uint16_t>& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), 2 * values.size());
  };
  const auto second_row = [](const char* name, const json& type, const std::string& data) {
    const model::SafeTensors opened(file(TinyBert::safetensors({{name, type}}, data)));
    const auto rows = opened.stored(name, 2, 2);
    BOOST_TEST(rows.rows() == 2);
    std::vector<float> row(2);
    BOOST_CHECK_THROW(rows.copy(2, row), InternalError);
    rows.copy(1, row);
    opened.let_go();  // and once more from the file
    std::vector<float> again(2);
    rows.copy(1, again);
    BOOST_TEST((row == again));
    return row;
  };
  for (const char* name : {"t", "tt", "ttt", "tttt"}) {  // at odd addresses, too
    const auto f32 = second_row(name, entry("F32", {2, 2}, {0, 16}), bytes_of({1, -2, 0.5F, 3}));
    BOOST_TEST((f32 == std::vector<float>{0.5F, 3}));
    const auto f16 = second_row(name, entry("F16", {2, 2}, {0, 8}), text(half));
    BOOST_TEST((f16 == std::vector<float>{std::ldexp(1.0F, -24), 65504}));
    const auto bf16 = second_row(name, entry("BF16", {2, 2}, {0, 8}), text(brain));
    BOOST_TEST((bf16 == std::vector<float>{0, 3.140625F}));
  }
  const model::SafeTensors broken(file(with(entry("F32", {2, 2}, {0, 16}), bytes_of({1, 2, NAN, 4}))));
  BOOST_CHECK_EXCEPTION((void)broken.stored("t", 2, 2), ModelError, [](const ModelError& error) {
    return error.item == "t" && std::string_view(error.what()).find("at element 2") != std::string_view::npos;
  });
  BOOST_CHECK_THROW((void)broken.stored("t", 4, 1), ModelError);
  BOOST_CHECK_THROW((void)broken.stored("u", 2, 2), ModelError);
}

BOOST_AUTO_TEST_CASE(lies_of_the_header_are_met_by_name) {
  check_error(with(entry("F32", {2, 2}, {0, 17})), "t", "truncated or its header lies");
  check_error(with(entry("F32", {2, 2}, {8, 4})), "t", "truncated or its header lies");
  check_error(with(entry("F32", {2, 2}, {0, 12})), "t", "do not fit F32 of shape (2, 2)");
  check_error(with(entry("F32", {2, 3}, {0, 16})), "t", "do not fit F32 of shape (2, 3)");
  // Extents whose product overflows 64 bits to 4.
  check_error(with(entry("F32", {1LL << 62, 4, 1LL << 62, 4}, {0, 16})), "t", "do not fit");
  check_error(with(entry("F32", {0, 1LL << 62}, {0, 16})), "t", "do not fit");
  check_error(with(entry("F32", {-2, -2}, {0, 16})), "t", "broken header entry");
  check_error(with(entry("F32", {2, 2}, {0})), "t", "broken header entry");
  check_error(with(entry("F32", {2, 2}, {-16, 0})), "t", "broken header entry");
  check_error(with(json(7)), "t", "broken header entry");
  const json both{{"t", entry("F32", {2, 2}, {0, 16})}, {"u", entry("F32", {1}, {12, 16})}};
  check_error(TinyBert::safetensors(both, std::string(16, '\0')), "u", "shares bytes with t");
}

BOOST_AUTO_TEST_CASE(files_that_are_no_safetensors_are_refused) {
  check_error("", "", "is empty");
  check_error("abc", "", "truncated");
  check_error(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), "", "truncated, or no safetensors file");
  check_error(std::string("\x02\0\0\0\0\0\0\0[]", 10), "", "no JSON object");
  check_error(std::string("\x02\0\0\0\0\0\0\0{x", 10), "", "no JSON object");
  const auto good = with(entry("F32", {2, 2}, {0, 16}));
  BOOST_TEST(error_of(good).second == "no error");
  for (std::size_t size = 1; size < good.size(); ++size)
    BOOST_TEST(error_of(good.substr(0, size)).second != "no error", size << " bytes");
  BOOST_CHECK_THROW(model::SafeTensors(test::folder() / "absent"), ModelError);
}

BOOST_AUTO_TEST_CASE(tensors_that_do_not_suit_are_refused) {
  check_error(TinyBert::safetensors({{"u", entry("F32", {2, 2}, {0, 16})}}, std::string(16, '\0')), "t",
              "is missing");
  check_error(with(entry("F32", {4}, {0, 16})), "t", "has shape (4) where config.json asks for (2, 2)");
  check_error(with(entry("I32", {2, 2}, {0, 16})), "t", "is of type I32");
  check_error(with(entry("F99", {2, 2}, {0, 16})), "t", "is of type F99");
  check_error(with(entry("F32", {2, 2}, {0, 16}), bytes_of({1, 2, NAN, 4})), "t", "no number, at element 2");
  check_error(with(entry("F32", {2, 2}, {0, 16}), bytes_of({1, INFINITY, 3, 4})), "t",
              "no number, at element 1");
}

BOOST_AUTO_TEST_CASE(digest_covers_every_byte) {
  const auto bytes = with(entry("F32", {2, 2}, {0, 16}));
  auto other = bytes;
  other.back() ^= 1;
  BOOST_TEST((model::SafeTensors(file(bytes)).digest() == model::SafeTensors(file(bytes)).digest()));
  BOOST_TEST((model::SafeTensors(file(bytes)).digest() != model::SafeTensors(file(other)).digest()));
}
