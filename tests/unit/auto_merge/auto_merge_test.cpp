#include "stages/retrieve/auto_merge.hpp"

#include "base/errors.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using retrieve::auto_merge;
using retrieve::Relations;

namespace {

using Family = std::vector<Relations>;

const Digest a_document = digest_of("a");
const Digest b_document = digest_of("b");

/// Chunk 0 with the children 1..n in a row.
Family parent_with(std::int32_t n) {
  Family family(static_cast<std::size_t>(n) + 1);
  family[0].children = n;
  for (std::int32_t i = 1; i <= n; ++i) {
    auto& child = family[static_cast<std::size_t>(i)];
    child.parent = 0;
    child.prev = i > 1 ? i - 1 : -1;
    child.next = i < n ? i + 1 : -1;
  }
  return family;
}

/// The same family in each document.
retrieve::ChunkLookup lookup(Family family) {
  return [family](const ChunkId& id) { return family.at(static_cast<std::size_t>(id.ordinal)); };
}

RetrievedChunk hit(std::int32_t ordinal, float score, const Digest& document = a_document) {
  return {{document, ordinal}, score, Origin::hit};
}

/// "3:0.5f 0:0.25m": ordinal, score and origin; chunks of b_document carry a b.
std::string shown(const std::vector<RetrievedChunk>& chunks) {
  std::string out;
  for (const auto& c : chunks) {
    std::ostringstream one;
    one << (c.chunk.document == b_document ? "b" : "") << c.chunk.ordinal << ':' << c.score
        << "hfm"[static_cast<int>(c.origin)];
    out += (out.empty() ? "" : " ") + one.str();
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(exactly_one_half_does_not_merge) {
  BOOST_TEST(shown(auto_merge({hit(1, 0.75F), hit(4, 0.5F)}, lookup(parent_with(4)))) == "1:0.75h 4:0.5h");
}

BOOST_AUTO_TEST_CASE(more_than_half_merges_with_the_mean_score) {
  BOOST_TEST(shown(auto_merge({hit(1, 0.75F), hit(5, 0.5F), hit(3, 0.25F)}, lookup(parent_with(5)))) ==
             "0:0.5m");
}

BOOST_AUTO_TEST_CASE(the_threshold_is_a_parameter) {
  const auto family = lookup(parent_with(4));
  BOOST_TEST(shown(auto_merge({hit(1, 0.75F), hit(4, 0.25F)}, family, 0.4)) == "0:0.5m");
  BOOST_TEST(shown(auto_merge({hit(1, 0.75F), hit(4, 0.5F), hit(2, 0.25F)}, family, 0.75)) ==
             "1:0.75h 4:0.5h 2:0.25h");
}

BOOST_AUTO_TEST_CASE(a_gap_of_one_between_neighbours_of_the_list_is_filled) {
  BOOST_TEST(shown(auto_merge({hit(2, 0.75F), hit(4, 0.25F)}, lookup(parent_with(9)))) ==
             "2:0.75h 3:0.5f 4:0.25h");
  // Not when another hit stands between them, when the order is reversed, or across documents.
  BOOST_TEST(shown(auto_merge({hit(2, 0.75F), hit(8, 0.5F), hit(4, 0.25F)}, lookup(parent_with(9)))) ==
             "2:0.75h 8:0.5h 4:0.25h");
  BOOST_TEST(shown(auto_merge({hit(4, 0.75F), hit(2, 0.25F)}, lookup(parent_with(9)))) == "4:0.75h 2:0.25h");
  BOOST_TEST(shown(auto_merge({hit(2, 0.75F), hit(4, 0.25F, b_document)}, lookup(parent_with(9)))) ==
             "2:0.75h b4:0.25h");
}

BOOST_AUTO_TEST_CASE(filled_chunks_count_for_merging) {
  BOOST_TEST(shown(auto_merge({hit(1, 0.75F), hit(3, 0.25F)}, lookup(parent_with(5)))) == "0:0.5m");
}

BOOST_AUTO_TEST_CASE(parents_merge_into_their_parents) {
  // 0 has 1 and 2; each of these has two leaves: 3 4 and 5 6.
  Family family(7);
  for (const std::size_t parent : {0, 1, 2}) {
    family[parent].children = 2;
    for (const std::size_t child : {2 * parent + 1, 2 * parent + 2}) {
      family[child].parent = static_cast<std::int32_t>(parent);
    }
  }
  BOOST_TEST(shown(auto_merge({hit(3, 0.875F), hit(5, 0.75F), hit(6, 0.25F), hit(4, 0.125F)},
                              lookup(family))) == "0:0.5m");
  BOOST_TEST(shown(auto_merge({hit(3, 0.875F), hit(5, 0.75F), hit(6, 0.25F)}, lookup(family))) ==
             "3:0.875h 2:0.5m");
}

BOOST_AUTO_TEST_CASE(ties_are_in_the_order_of_ids) {
  BOOST_TEST(shown(auto_merge({hit(9, 0.5F), hit(1, 0.5F), hit(5, 0.5F)}, lookup(parent_with(9)))) ==
             "1:0.5h 5:0.5h 9:0.5h");
}

BOOST_AUTO_TEST_CASE(a_chunk_stays_once_with_its_best_score) {
  // 2 is filled in between 1 and 3, and is a hit as well.
  BOOST_TEST(shown(auto_merge({hit(1, 0.75F), hit(3, 0.5F), hit(2, 0.125F)}, lookup(parent_with(9)))) ==
             "1:0.75h 2:0.625f 3:0.5h");
}

BOOST_AUTO_TEST_CASE(repeats_by_text_leave_one_of_a_chain_of_equal_texts) {
  // What ascending sizes make: each chunk is the only child of one with the same text.
  Family chain(3);
  for (std::int32_t i = 0; i < 3; ++i) {
    chain[static_cast<std::size_t>(i)].parent = i - 1;
    chain[static_cast<std::size_t>(i)].children = i < 2 ? 1 : 0;
    chain[static_cast<std::size_t>(i)].text_hash = digest_of("same");
  }
  const std::vector<RetrievedChunk> hits{hit(0, 0.5F), hit(1, 0.5F), hit(2, 0.5F), hit(1, 0.25F, b_document)};
  BOOST_TEST(shown(auto_merge(hits, lookup(chain), 0.5, retrieve::Repeats::by_text)) == "0:0.5h b0:0.25m");
}

BOOST_AUTO_TEST_CASE(equal_texts_at_two_places_are_two_chunks_unless_asked) {
  Family family = parent_with(9);
  for (auto& relations : family) relations.text_hash = digest_of("same");
  const std::vector<RetrievedChunk> hits{hit(1, 0.75F), hit(5, 0.5F), hit(5, 0.25F, b_document)};
  BOOST_TEST(shown(auto_merge(hits, lookup(family))) == "1:0.75h 5:0.5h b5:0.25h");
  BOOST_TEST(shown(auto_merge(hits, lookup(family), 0.5, retrieve::Repeats::by_text)) == "1:0.75h b5:0.25h");
  // Repeated hits go before they are counted for merging.
  Family three = parent_with(3);
  for (auto& relations : three) relations.text_hash = digest_of("same");
  const std::vector<RetrievedChunk> two{hit(3, 0.75F), hit(1, 0.25F)};
  BOOST_TEST(shown(auto_merge(two, lookup(three))) == "0:0.5m");
  BOOST_TEST(shown(auto_merge(two, lookup(three), 0.5, retrieve::Repeats::by_text)) == "3:0.75h");
}

BOOST_AUTO_TEST_CASE(nothing_gives_nothing_and_roots_stay) {
  BOOST_TEST(auto_merge({}, lookup(parent_with(2))).empty());
  BOOST_TEST(shown(auto_merge({hit(0, 0.5F)}, lookup(parent_with(2)))) == "0:0.5h");
}

BOOST_AUTO_TEST_CASE(relations_count_the_children) {
  std::vector<Chunk> chunks(4);
  for (std::int32_t i = 0; i < 4; ++i) chunks[static_cast<std::size_t>(i)].ordinal = i;
  chunks[1].parent = chunks[3].parent = 0;
  chunks[1].next = 3;
  chunks[1].text_hash = digest_of("text");
  const auto relations = retrieve::relations_of(chunks);
  BOOST_TEST(relations[0].children == 2);
  BOOST_TEST(relations[1].parent == 0);
  BOOST_TEST(relations[1].next == 3);
  BOOST_TEST(relations[2].children == 0);
  BOOST_TEST((relations[1].text_hash == digest_of("text")));
  chunks[2].ordinal = 7;
  BOOST_CHECK_THROW((void)retrieve::relations_of(chunks), InternalError);
}
