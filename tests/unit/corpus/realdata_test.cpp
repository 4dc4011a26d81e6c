#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/blanks.hpp"
#include "base/file.hpp"
#include "corpus/clean.hpp"
#include "corpus/normal_text.hpp"
#include "corpus/reader_pool.hpp"
#include "corpus/sources.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::corpus;

namespace {

struct Read {
  ReadResult result;
  Document document;
};

/// Every file of a folder, read by the real reader.
std::map<std::string, Read> read_folder(const std::filesystem::path& folder, const ReaderOptions& options) {
  const auto files = list_sources(std::vector<std::string>{folder.string()}, no_pulse());
  std::vector<ReadJob> jobs;
  for (const auto& file : files) {
    auto bytes = read_file(file.path);
    const auto format = format_of(file.name, std::string_view(bytes).substr(0, 1024));
    jobs.push_back({format, std::move(bytes)});
  }
  ReaderPool pool(find_reader(), options);
  auto results = pool.read(jobs, no_pulse());
  std::map<std::string, Read> out;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto document = clean(digest_of(jobs[i].bytes), jobs[i].format, results[i].pages);
    out[files[i].name] = {std::move(results[i]), std::move(document)};
  }
  return out;
}

/// Code points that are no white space: what the reference figures of pdftotext can be compared with.
std::int64_t visible(std::string_view text) {
  std::int64_t count = 0;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if ((u & 0xC0U) != 0x80 && std::isspace(u) == 0) ++count;
  }
  return count;
}

bool has(const Read& read, std::string_view words) {
  return read.document.text.find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_pdf_ends_with_text_or_a_reason, *boost::unit_test::label("realdata")) {
  const ReaderOptions options{.readers = 2,
                              .documents_per_reader = 200,
                              .cpu_seconds = 5,
                              .wall_seconds = 100,
                              .memory_mb = 512,
                              .output_mb = 64};
  auto read = read_folder(test::realdata() / "formats" / "pdf", options);
  BOOST_TEST(read.size() == 19U);
  struct Fact {
    std::string_view reason;
    std::size_t pages;
  };
  const std::map<std::string, Fact> facts{{"helloworld-bad.pdf", {"", 1}},
                                          {"xref_command_missing.pdf", {"", 1}},
                                          {"Pages-tree-refs.pdf", {"", 2}},
                                          {"poppler-395-0-fuzzed.pdf", {"parse_error", 0}},
                                          {"bug1020226.pdf", {"parse_error", 0}},
                                          {"empty_protected.pdf", {"no_text", 0}},
                                          {"copy_paste_ligatures.pdf", {"", 1}},
                                          {"issue13226.pdf", {"", 1}},
                                          {"hello_world_rotated.pdf", {"", 5}},
                                          {"noembed-sjis.pdf", {"", 1}},
                                          {"tracemonkey.pdf", {"", 14}},
                                          {"no_extract_user_password.pdf", {"encrypted", 0}},
                                          {"two_text_boxes.pdf", {"", 1}},
                                          {"scan_only.pdf", {"no_text", 0}},
                                          {"bad_page.pdf", {"", 19}},
                                          {"habibi.pdf", {"", 1}},
                                          {"libreoffice-writer-password.pdf", {"encrypted", 0}},
                                          {"six_images.pdf", {"no_text", 0}}};
  for (const auto& [name, fact] : facts) {
    const auto& one = read.at(name);
    BOOST_TEST_INFO(name << ": " << one.result.detail);
    BOOST_TEST(one.result.reason == fact.reason);
    BOOST_TEST(one.result.pages.size() == fact.pages);
    if (fact.pages > 0) BOOST_TEST(one.document.page_begin.size() == fact.pages);
  }
  // The bomb meets a limit, whichever comes first, and is asked again when limits are raised.
  const auto& bomb = read.at("bomb_giant.pdf").result;
  BOOST_TEST((bomb.reason == reason::timeout || bomb.reason == reason::memory));
  BOOST_TEST(!bomb.final);
  BOOST_TEST(has(read.at("copy_paste_ligatures.pdf"), "abcdeffffiflffifflststghijklmno"));
  BOOST_TEST(has(read.at("issue13226.pdf"), "Mitarbeiter arbeiten"));
  BOOST_TEST(
      has(read.at("noembed-sjis.pdf"), "\xE3\x81\x82\xE3\x81\x84\xE3\x81\x86\xE3\x81\x88\xE3\x81\x8A"));
  BOOST_TEST(
      has(read.at("two_text_boxes.pdf"), "Left column line 1\nLeft column line 2\nRight column line 1"));
  BOOST_TEST(has(read.at("tracemonkey.pdf"),
                 "Dynamic languages such as JavaScript are more difficult to compile than statically"));
  BOOST_TEST(visible(read.at("tracemonkey.pdf").document.text) > 60000);
  BOOST_TEST(visible(read.at("bad_page.pdf").document.text) > 60000);
}

BOOST_AUTO_TEST_CASE(texts_of_every_encoding_are_read, *boost::unit_test::label("realdata")) {
  auto read = read_folder(test::realdata() / "formats" / "txt", {});
  BOOST_TEST(read.at("zero_bytes.txt").result.reason == reason::empty);
  for (const char* name : {"chinese_big5.txt", "english_bom.txt", "english_ebcdic.txt", "win-1252.txt"}) {
    BOOST_TEST_INFO(name << ": " << read.at(name).result.detail);
    BOOST_TEST(read.at(name).result.reason == "");
    BOOST_TEST(!has(read.at(name), "\xEF\xBF\xBD"));
  }
  BOOST_TEST(has(read.at("english_ebcdic.txt"), " the "));
  BOOST_TEST(has(read.at("win-1252.txt"), "\xE2\x80\x9C"));
  BOOST_TEST(has(read.at("chinese_big5.txt"), "\xE7\xB6\xAD\xE5\x9F\xBA\xE5\xAA\x92\xE9\xAB\x94"));
}

BOOST_AUTO_TEST_CASE(markdown_of_every_kind_is_read, *boost::unit_test::label("realdata")) {
  auto read = read_folder(test::realdata() / "formats" / "md", {});
  for (const auto& [name, one] : read) {
    BOOST_TEST_INFO(name << ": " << one.result.detail);
    BOOST_TEST(one.result.reason == "");
  }
  BOOST_TEST(has(read.at("commonmark-spec.md"), "title: CommonMark Spec"));
  BOOST_TEST(has(read.at("commonmark-spec.md"), "\n\nWhat is Markdown?\n\nMarkdown is a plain text format"));
  BOOST_TEST(visible(read.at("commonmark-spec.md").document.text) > 100000);
  BOOST_TEST(!has(read.at("dataURI.md"), "base64"));
  BOOST_TEST(!has(read.at("html_comments.md"), "My favorite operators"));
}

BOOST_AUTO_TEST_CASE(every_paragraph_of_the_articles_is_found, *boost::unit_test::label("realdata")) {
  const auto folder = test::realdata() / "squad" / "docs";
  std::size_t paragraphs = 0;
  for (const auto& [name, one] : read_folder(folder, {})) {
    BOOST_REQUIRE_EQUAL(one.result.reason, "");
    const auto text = with_single_blanks(one.document.text);
    std::string file = read_file(folder / name);
    if (file.starts_with("# ")) file.erase(0, 2);
    for (std::size_t begin = 0; begin < file.size();) {
      const auto end = std::min(file.find("\n\n", begin), file.size());
      const auto paragraph = file.substr(begin, end - begin);
      BOOST_TEST_INFO(name << ": " << paragraph);
      BOOST_TEST(text.find(with_single_blanks(normal_text(paragraph))) != std::string::npos);
      ++paragraphs;
      begin = end + 2;
    }
  }
  BOOST_TEST(paragraphs > 1000U);
}

BOOST_AUTO_TEST_CASE(other_types_are_rows, *boost::unit_test::label("realdata")) {
  for (const auto& [name, one] : read_folder(test::realdata() / "formats" / "pptx", {})) {
    BOOST_TEST(one.result.reason == reason::unsupported_format);
  }
}

BOOST_AUTO_TEST_CASE(filings_keep_rows_and_pages, *boost::unit_test::label("realdata")) {
  auto read = read_folder(test::realdata() / "sec10q" / "docs", {.readers = 2});
  BOOST_TEST(read.size() == 20U);
  std::size_t pages = 0;
  std::int64_t characters = 0;
  for (const auto& [name, one] : read) {
    BOOST_TEST_INFO(name << ": " << one.result.detail);
    BOOST_TEST(one.result.reason == "");
    pages += one.document.page_begin.size();
    characters += visible(one.document.text);
  }
  BOOST_TEST(pages == 1037U);
  BOOST_TEST_MESSAGE("visible characters: " << characters);
  BOOST_TEST(characters > 2'500'000);
  BOOST_TEST(has(read.at("2023 Q1 AAPL.pdf"), "Total net sales 117,154 123,945\n"));
}
