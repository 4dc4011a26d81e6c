#include "state/h5.hpp"

#include <hdf5.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <numeric>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

namespace fs = std::filesystem;
namespace state = dream::state;
namespace test = dream::test;
using dream::StateError;
using state::H5Reader;
using state::H5Writer;

namespace {

/// Extremes of the type, so that a wrong width or sign shows.
template <class T>
std::vector<T> extremes() {
  return {std::numeric_limits<T>::lowest(), T{0}, T{1}, std::numeric_limits<T>::max()};
}

dream::Matrix counted(std::int64_t rows, std::int64_t cols) {
  dream::Matrix m(rows, cols);
  std::iota(m.values.begin(), m.values.end(), 0.5F);
  return m;
}

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all{
      "", "plain", std::string("nul\0inside", 10), "\xff\xfe not UTF-8", "größe", ""};
  return all;
}

/// One file with something of everything.
void write_all(const fs::path& path) {
  H5Writer out(path);
  out.attribute("stage", "chunk");
  out.attribute("empty", "");
  out.attribute("version", std::int64_t{-7});
  out.write("n/int8", extremes<std::int8_t>());
  out.write("n/uint8", extremes<std::uint8_t>());
  out.write("n/int32", extremes<std::int32_t>());
  out.write("n/int64", extremes<std::int64_t>());
  out.write("n/uint64", extremes<std::uint64_t>());
  out.write("n/float", extremes<float>());
  out.write("n/double", extremes<double>());
  out.write("nothing", std::vector<float>{});
  out.write_strings("deep/er/texts", texts());
  out.write_strings("no_texts", {});
  out.write_matrix("matrix", counted(33, 5).view());
  out.write_matrix("no_rows", counted(0, 5).view());
  out.write_matrix("no_cols", counted(3, 0).view());
  out.close();
}

template <class T>
void check_extremes(const H5Reader& in, const std::string& name) {
  BOOST_TEST((in.read<T>("n/" + name) == extremes<T>()), name);
}

/// The error of `work`; fails the case when there is none.
template <class Work>
StateError error_of(Work work) {
  try {
    work();
  } catch (const StateError& e) {
    return e;
  }
  BOOST_FAIL("no StateError");
  throw std::logic_error("unreachable");
}

void replace(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), std::ssize(bytes));
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_written_is_read) {
  const auto path = test::folder() / "all.h5";
  write_all(path);
  state::verify(path);
  const H5Reader in(path);
  check_extremes<std::int8_t>(in, "int8");
  check_extremes<std::uint8_t>(in, "uint8");
  check_extremes<std::int32_t>(in, "int32");
  check_extremes<std::int64_t>(in, "int64");
  check_extremes<std::uint64_t>(in, "uint64");
  check_extremes<float>(in, "float");
  check_extremes<double>(in, "double");
  BOOST_TEST(in.read<float>("nothing").empty());
  BOOST_TEST(in.read_strings("deep/er/texts") == texts(), boost::test_tools::per_element());
  BOOST_TEST(in.read_strings("no_texts").empty());
  BOOST_TEST(in.text_attribute("stage") == "chunk");
  BOOST_TEST(in.text_attribute("empty") == "");
  BOOST_TEST(in.int_attribute("version") == -7);
  BOOST_TEST(in.has_attribute("version"));
  BOOST_TEST(!in.has_attribute("versions"));
}

BOOST_AUTO_TEST_CASE(matrices_are_read_whole_and_by_rows) {
  const auto path = test::folder() / "all.h5";
  write_all(path);
  const H5Reader in(path);
  const auto expected = counted(33, 5);
  const dream::Matrix all = in.read_matrix<float>("matrix");
  BOOST_TEST(all.rows == 33);
  BOOST_TEST(all.cols == 5);
  BOOST_TEST(all.values == expected.values, boost::test_tools::per_element());
  const auto some = in.read_rows<float>("matrix", 31, 2);
  BOOST_TEST(some.rows == 2);
  BOOST_TEST(some.values == std::vector<float>(expected.values.begin() + 31 * 5, expected.values.end()),
             boost::test_tools::per_element());
  BOOST_TEST(in.read_rows<float>("matrix", 33, 0).rows == 0);
  for (const auto& [first, count] : {std::pair{32, 2}, {-1, 2}, {34, 0}, {0, -1}}) {
    BOOST_CHECK_THROW((void)in.read_rows<float>("matrix", first, count), StateError);
  }
  BOOST_TEST(in.read_matrix<float>("no_rows").cols == 5);
  BOOST_TEST(in.read_matrix<float>("no_cols").rows == 3);
}

BOOST_AUTO_TEST_CASE(names_shapes_and_presence) {
  const auto path = test::folder() / "all.h5";
  write_all(path);
  const H5Reader in(path);
  BOOST_TEST(in.has("deep"));
  BOOST_TEST(in.has("deep/er/texts/bytes"));
  BOOST_TEST(!in.has("deep/est/texts"));
  BOOST_TEST(!in.has("absent"));
  BOOST_TEST(in.names("deep/er/texts") == (std::vector<std::string>{"bytes", "offsets"}),
             boost::test_tools::per_element());
  BOOST_TEST(in.names().size() == 7U);
  BOOST_TEST(in.shape("matrix") == (std::vector<std::int64_t>{33, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(equal_content_gives_equal_bytes) {
  const auto first = test::folder() / "first.h5";
  const auto second = test::folder() / "second.h5";
  write_all(first);
  // Times in a file would have a resolution of a second.
  const auto begin = std::time(nullptr);
  while (std::time(nullptr) - begin < 2) {
  }
  write_all(second);
  BOOST_TEST((dream::read_file(first) == dream::read_file(second)));
}

BOOST_AUTO_TEST_CASE(errors_name_file_dataset_and_cause) {
  const auto path = test::folder() / "all.h5";
  write_all(path);
  const H5Reader in(path);
  const auto absent = error_of([&] { (void)in.read<float>("deep/absent"); });
  BOOST_TEST(absent.path == path.string());
  BOOST_TEST(absent.item == "deep/absent");
  BOOST_TEST(std::string(absent.what()).find("doesn't exist") != std::string::npos, absent.what());
  const auto wrong = error_of([&] { (void)in.read<float>("n/double"); });
  BOOST_TEST(std::string(wrong.what()).find("holds float64, expected float32") != std::string::npos,
             wrong.what());
  BOOST_CHECK_THROW((void)in.read<float>("matrix"), StateError);
  BOOST_CHECK_THROW((void)in.read_matrix<float>("n/float"), StateError);
  BOOST_CHECK_THROW((void)in.int_attribute("stage"), StateError);
  BOOST_CHECK_THROW((void)in.text_attribute("version"), StateError);
  BOOST_CHECK_THROW((void)in.text_attribute("absent"), StateError);
  BOOST_CHECK_THROW(H5Writer(test::folder() / "no" / "such" / "folder.h5"), StateError);
  BOOST_CHECK_THROW(H5Reader(test::folder() / "absent.h5"), StateError);
  H5Writer out(test::folder() / "twice.h5");
  out.write("a", std::vector<float>{1});
  BOOST_TEST(error_of([&] { out.write("a", std::vector<float>{2}); }).item == "a");
  out.close();
  BOOST_CHECK_THROW(out.write("b", std::vector<float>{2}), dream::InternalError);
}

BOOST_AUTO_TEST_CASE(an_unfinished_file_is_refused) {
  const auto path = test::folder() / "unfinished.h5";
  {
    H5Writer out(path);
    out.write("a", std::vector<float>{1});
  }
  BOOST_CHECK_THROW(H5Reader{path}, StateError);
  BOOST_CHECK_THROW(state::verify(path), StateError);
}

BOOST_AUTO_TEST_CASE(a_truncated_or_altered_file_is_found) {
  const auto path = test::folder() / "all.h5";
  write_all(path);
  const std::string good = dream::read_file(path);
  const auto bad = test::folder() / "bad.h5";
  for (std::size_t at = 0; at < good.size();
       at += at < 600 ? 1 : 41) {  // every byte of the user block, then samples
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    replace(bad, bytes);
    BOOST_CHECK_THROW(state::verify(bad), StateError);
  }
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{53}, std::size_t{511},
                           std::size_t{512}, good.size() / 2, good.size() - 1}) {
    replace(bad, good.substr(0, size));
    BOOST_CHECK_THROW(state::verify(bad), StateError);
    BOOST_CHECK_THROW(H5Reader{bad}, StateError);
  }
  replace(bad, good + "x");
  BOOST_CHECK_THROW(state::verify(bad), StateError);
  replace(bad, good);
  state::verify(bad);
}

BOOST_AUTO_TEST_CASE(plain_hdf5_reads_it) {
  const auto path = test::folder() / "all.h5";
  write_all(path);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  BOOST_REQUIRE(file >= 0);
  const hid_t dataset = H5Dopen2(file, "matrix", H5P_DEFAULT);
  std::vector<double> values(33 * 5);
  BOOST_TEST(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  BOOST_TEST(values[164] == 164.5);
  H5Dclose(dataset);
  H5Fclose(file);
}

BOOST_AUTO_TEST_CASE(h5py_reads_it) {
  const char* python = std::getenv("DREAM_PEER_PYTHON");
  if (python == nullptr || *python == '\0') test::skip("DREAM_PEER_PYTHON names no Python");
  const std::string run = "'" + std::string(python) + "' ";
  if (std::system((run + "-c 'import h5py' 2>/dev/null").c_str()) != 0) test::skip("that Python has no h5py");
  const auto path = test::folder() / "all.h5";
  write_all(path);
  const auto script = test::folder() / "read.py";
  replace(script, R"(
import sys, h5py
f = h5py.File(sys.argv[1], 'r')
assert f.attrs['stage'] == 'chunk' and f.attrs['empty'] == '' and f.attrs['version'] == -7
assert f['n/int8'][:].tolist() == [-128, 0, 1, 127] and f['n/uint64'][3] == 2**64 - 1
b, o = f['deep/er/texts/bytes'][:].tobytes(), f['deep/er/texts/offsets'][:]
assert [b[i:j] for i, j in zip(o, o[1:])][2:5] == [b'nul\0inside', b'\xff\xfe not UTF-8', 'größe'.encode()]
assert f['matrix'].shape == (33, 5) and f['matrix'].dtype == 'float32' and f['matrix'][32, 4] == 164.5
assert f['no_rows'].shape == (0, 5) and f['nothing'].shape == (0,)
assert f.userblock_size == 512
)");
  BOOST_TEST(std::system((run + script.string() + " " + path.string()).c_str()) == 0);
}
