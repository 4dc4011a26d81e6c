#include "calls/call_store.hpp"

#include <fstream>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::calls;
namespace fs = std::filesystem;

namespace {

CallRecord record(int i, const std::string& model = "m") {
  return {digest_of("call " + std::to_string(i)), model, 200,
          "reply " + std::to_string(i) + std::string(i % 7, '\n')};
}

fs::path calls_folder() { return test::folder() / "calls"; }

Sealed seal_now() { return seal(calls_folder(), no_log(), no_pulse()); }

/// What a rank leaves behind that appends these calls and commits them.
void write_calls(const std::string& incarnation, int rank, int begin, int end,
                 const std::string& model = "m") {
  CallStore store(calls_folder(), seal_now().segments, incarnation, rank);
  for (int i = begin; i < end; ++i) store.append(record(i, model));
  store.commit();
}

struct JournalContent {
  std::vector<CallRecord> records;
  std::int64_t dropped_bytes = 0;
};

JournalContent content_of(const fs::path& journal) {
  JournalContent content;
  content.dropped_bytes =
      read_journal(journal, [&](CallRecord one) { content.records.push_back(std::move(one)); });
  return content;
}

void overwrite(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(crc32_is_that_of_zlib) {
  BOOST_TEST(crc32("123456789") == 0xCBF43926U);
  BOOST_TEST(crc32("") == 0U);
}

BOOST_AUTO_TEST_CASE(keys_hold_all_that_a_reply_depends_on) {
  const auto key = call_key("model", "r1", "{}", 0);
  // Pinned: another value would orphan every stored reply.
  BOOST_TEST(key.hex() == "8936436e1675ca14c7d064294144e73d");
  BOOST_TEST((key != call_key("model2", "r1", "{}", 0)));
  BOOST_TEST((key != call_key("model", "r2", "{}", 0)));
  BOOST_TEST((key != call_key("model", "r1", "{ }", 0)));
  BOOST_TEST((key != call_key("model", "r1", "{}", 1)));
}

BOOST_AUTO_TEST_CASE(a_reply_is_found_after_its_commit_and_not_before) {
  CallStore store(calls_folder(), {}, "a", 0);
  store.append(record(1));
  BOOST_TEST(!store.find(record(1).key).has_value());
  BOOST_TEST(!fs::exists(calls_folder()));
  store.commit();
  BOOST_TEST((store.find(record(1).key).value() == record(1)));
  store.append(record(2));
  store.commit();
  BOOST_TEST((store.find(record(1).key).value() == record(1)));
  BOOST_TEST((store.find(record(2).key).value() == record(2)));
  BOOST_TEST(!store.find(record(3).key).has_value());
}

BOOST_AUTO_TEST_CASE(groups_are_due_by_number_or_age) {
  Journal journal(test::folder() / "calls" / "journals" / "j.journal");
  BOOST_TEST(!journal.due());
  for (int i = 0; i < 64; ++i) journal.append(record(i));
  BOOST_TEST(journal.due());
  journal.commit();
  BOOST_TEST(!journal.due());
  BOOST_TEST(journal.commits() == 1);
  journal.append(record(64));
  while (!journal.due()) {
  }
  BOOST_TEST((std::chrono::steady_clock::now() >= journal.deadline()));
}

BOOST_AUTO_TEST_CASE(sealing_gathers_the_journals_of_all_ranks_and_runs) {
  // Journals of the same job are sealed together: they are written before any seal of theirs.
  CallStore zero(calls_folder(), {}, "a", 0);
  CallStore one(calls_folder(), {}, "a", 1);
  for (int i = 0; i < 10; ++i) (i % 2 == 0 ? zero : one).append(record(i));
  one.append(record(0));  // two ranks may have asked the same
  zero.commit();
  one.commit();
  const auto first = seal_now();
  BOOST_TEST(first.new_calls == 10);
  BOOST_TEST(first.segments.size() == 1U);
  BOOST_TEST(fs::is_empty(calls_folder() / "journals"));

  write_calls("b", 0, 10, 12);
  write_calls("c", 0, 0, 3);  // known already
  const auto second = seal_now();
  BOOST_TEST(second.new_calls == 0);
  BOOST_TEST(second.segments.size() == 2U);
  const CallStore reader(calls_folder(), second.segments, "d", 5);
  BOOST_TEST(reader.sealed_calls() == 12);
  for (int i = 0; i < 12; ++i) BOOST_TEST((reader.find(record(i).key).value() == record(i)));
  BOOST_TEST(!reader.find(record(12).key).has_value());
}

BOOST_AUTO_TEST_CASE(sealing_twice_or_after_a_crash_changes_nothing) {
  write_calls("a", 0, 0, 5);
  const auto journal = calls_folder() / "journals" / "a-0.journal";
  const auto bytes = read_file(journal);
  const auto first = seal_now();
  overwrite(journal, bytes);  // as if the job had died between writing the segment and removing the journal
  const auto again = seal_now();
  BOOST_TEST(again.new_calls == 0);
  BOOST_TEST(again.segments == first.segments);
  BOOST_TEST(!fs::exists(journal));
  BOOST_TEST(seal_now().segments == first.segments);
}

BOOST_AUTO_TEST_CASE(every_model_has_its_folder_whatever_its_name) {
  const std::vector<std::string> models{"plain-1.0", "org/model", "org_model", "../up",
                                        ".hidden",   "journals",  "",          "ü"};
  int i = 0;
  for (const auto& model : models) {
    write_calls("run" + std::to_string(i), 0, i, i + 1, model);
    ++i;
  }
  const auto sealed = seal_now();
  BOOST_TEST(sealed.segments.size() == models.size());
  const CallStore reader(calls_folder(), sealed.segments, "last", 0);
  for (int k = 0; k < i; ++k)
    BOOST_TEST(reader.find(record(k).key).value().model == models[static_cast<std::size_t>(k)]);
  for (const auto& entry : fs::directory_iterator(test::folder())) BOOST_TEST(entry.path() == calls_folder());
}

BOOST_AUTO_TEST_CASE(a_journal_cut_anywhere_gives_its_whole_records) {
  write_calls("a", 0, 0, 6);
  const auto bytes = read_file(calls_folder() / "journals" / "a-0.journal");
  const auto cut = test::folder() / "cut";
  std::size_t most = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    overwrite(cut, std::string_view(bytes).substr(0, size));
    const auto content = content_of(cut);
    BOOST_REQUIRE(content.records.size() >= most);
    most = content.records.size();
    for (std::size_t i = 0; i < most; ++i) BOOST_REQUIRE((content.records[i] == record(static_cast<int>(i))));
  }
  BOOST_TEST(most == 6U);
  BOOST_TEST(content_of(cut).dropped_bytes == 0);
}

BOOST_AUTO_TEST_CASE(a_journal_is_read_across_its_blocks) {
  // Replies of a megabyte and of a few bytes, so that blocks end inside heads, bodies and between records.
  const auto path = calls_folder() / "journals" / "long.journal";
  const auto long_record = [](int i) {
    auto one = record(i);
    if (i % 10 == 0) one.body.append(std::size_t{1} << 20, static_cast<char>('a' + i % 26));
    return one;
  };
  {
    Journal journal(path);
    for (int i = 0; i < 3000; ++i) journal.append(long_record(i % 31));
  }
  const auto content = content_of(path);
  BOOST_REQUIRE(content.records.size() == 3000U);
  BOOST_TEST(content.dropped_bytes == 0);
  for (int i = 0; i < 3000; ++i)
    BOOST_REQUIRE((content.records[static_cast<std::size_t>(i)] == long_record(i % 31)));
}

BOOST_AUTO_TEST_CASE(a_damaged_journal_gives_no_wrong_record) {
  write_calls("a", 0, 0, 4);
  const auto bytes = read_file(calls_folder() / "journals" / "a-0.journal");
  const auto damaged = test::folder() / "damaged";
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto copy = bytes;
    copy[at] = static_cast<char>(copy[at] ^ 0x10);
    overwrite(damaged, copy);
    const auto content = content_of(damaged);
    BOOST_REQUIRE(content.records.size() < 4U);
    BOOST_REQUIRE(content.dropped_bytes > 0);
    for (std::size_t i = 0; i < content.records.size(); ++i) {
      BOOST_REQUIRE((content.records[i] == record(static_cast<int>(i))));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_segment_is_an_error_that_names_it) {
  write_calls("a", 0, 0, 3);
  const auto sealed = seal_now();
  const auto path = calls_folder() / sealed.segments.at(0);
  const auto bytes = read_file(path);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto copy = bytes;
    copy[at] = static_cast<char>(copy[at] ^ 0x01);
    overwrite(path, copy);
    bool refused = false;
    try {
      const CallStore reader(calls_folder(), sealed.segments, "b", 0);
      for (int i = 0; i < 3; ++i) {
        const auto found = reader.find(record(i).key);
        if (!found || !(*found == record(i))) BOOST_FAIL("byte " << at << ": a wrong reply");
      }
    } catch (const StateError& error) {
      refused = error.path == path.string();
    }
    BOOST_TEST_INFO("byte " << at);
    BOOST_REQUIRE(refused);
  }
  overwrite(path, std::string_view(bytes).substr(0, bytes.size() - 1));
  BOOST_CHECK_THROW(CallStore(calls_folder(), sealed.segments, "b", 0), StateError);
}

BOOST_AUTO_TEST_CASE(what_a_killed_job_left_of_its_index_goes_with_the_next_seal) {
  write_calls("a", 0, 0, 1);
  const auto left_behind = calls_folder() / "journals" / "a-0.7.places";
  overwrite(left_behind, "sorted places");
  BOOST_TEST(seal_now().new_calls == 1);
  BOOST_TEST(!fs::exists(left_behind));
}

BOOST_AUTO_TEST_CASE(many_calls_are_found_before_and_after_the_seal) {
  constexpr int calls = 20'000;
  {
    CallStore store(calls_folder(), {}, "a", 0);
    for (int i = 0; i < calls; ++i) {
      store.append(record(i));
      if (i % 64 == 63) store.commit();
    }
    store.commit();
    for (int i = 0; i < calls; i += 7) BOOST_REQUIRE((store.find(record(i).key).value() == record(i)));
    BOOST_TEST(!store.find(record(calls).key).has_value());
  }
  const auto sealed = seal_now();
  BOOST_TEST(sealed.new_calls == calls);
  BOOST_TEST(fs::is_empty(calls_folder() / "journals"));
  CallStore later(calls_folder(), sealed.segments, "b", 0);
  BOOST_TEST(later.sealed_calls() == calls);
  later.append(record(calls));
  later.commit();
  for (int i = 0; i <= calls; i += 10) BOOST_REQUIRE((later.find(record(i).key).value() == record(i)));
}

BOOST_AUTO_TEST_CASE(a_journal_that_another_job_has_sealed_takes_no_more_replies) {
  CallStore store(calls_folder(), {}, "a", 0);
  store.append(record(1));
  store.commit();
  BOOST_TEST(seal_now().new_calls == 1);
  store.append(record(2));
  BOOST_CHECK_THROW(store.commit(), StateError);
  BOOST_TEST(!store.find(record(2).key).has_value());
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_an_error_that_names_it) {
  overwrite(test::folder() / "calls", "a file in the way");
  CallStore store(calls_folder(), {}, "a", 0);
  store.append(record(1));
  try {
    store.commit();
    BOOST_FAIL("committed into nowhere");
  } catch (const StateError& error) {
    BOOST_TEST(error.path.find(calls_folder().string()) == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_journal_is_never_written_over) {
  write_calls("a", 0, 0, 1);
  CallStore again(calls_folder(), {}, "a", 0);
  again.append(record(1));
  // seal() of write_calls ran before its journal was made, so the file is still there.
  BOOST_CHECK_THROW(again.commit(), StateError);
  BOOST_CHECK_THROW(again.commit(), StateError);
}
