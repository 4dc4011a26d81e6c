#include "testset/prompts.hpp"

#include <fstream>

#include "config/problems.hpp"
#include "tests/support/test.hpp"

using namespace dream;
using namespace dream::testset;

namespace {

calls::Reply replied(std::string text) {
  calls::Reply reply;
  reply.text = std::move(text);
  return reply;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_built_in_prompts_of_testsets_are_those_of_the_source_tree) {
  const auto built_in = load_prompts("");
  BOOST_TEST(built_in.digest.hex() ==
             load_prompts((test::source() / "inputs/prompts").string()).digest.hex());
  for (int k = 0; k < kind_count; ++k) {
    const auto& draft = built_in.of(Step::draft, static_cast<Kind>(k));
    BOOST_TEST(!draft.instruction.empty());
    for (int other = 0; other < k; ++other)
      BOOST_TEST(draft.instruction != built_in.of(Step::draft, static_cast<Kind>(other)).instruction);
  }
}

BOOST_AUTO_TEST_CASE(a_users_prompts_are_checked_all_together) {
  const auto folder = test::folder() / "prompts";
  std::filesystem::copy(test::source() / "inputs" / "prompts", folder);
  std::filesystem::remove(folder / "testset_blind.toml");
  std::ofstream(folder / "testset_compare.toml")
      << "version = 1\ninstruction = \"x\"\nschema = '{}'\n"
         "[[examples]]\ninput = '{}'\noutput = '{\"verdict\": 1}'\n";
  std::string text;
  try {
    (void)load_prompts(folder.string());
  } catch (const config::InvalidConfig& e) {
    text = e.what();
  }
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(text.find("testset_blind.toml") != std::string::npos);
    BOOST_TEST(text.find("testset.prompts") != std::string::npos);
    BOOST_TEST(text.find("examples[0].output: lacks fields") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(replies_are_read_in_the_fields_of_their_step) {
  const auto draft =
      read(Step::draft, replied("Sure: {\"question\": \" When?\\n\", \"answer\": \"In 1931.\"}"));
  BOOST_TEST(draft.reason == "");
  BOOST_TEST(draft.question == "When?");
  BOOST_TEST(draft.answer == "In 1931.");
  for (const auto* one : {"1", "true", "\"1\"", "1.0"}) {
    const auto said = read_object(Step::compare, std::string("{\"same\": ") + one + "}");
    BOOST_TEST(said.same, one);
    BOOST_TEST(said.reason == "");
  }
  BOOST_TEST(!read_object(Step::blind, R"({"answerable": 0, "answer": ""})").answerable);
  const auto critique = read_object(Step::critique, R"({"self_contained": 1, "gives_answer_away": 0})");
  BOOST_TEST((critique.self_contained && !critique.gives_answer_away));
}

BOOST_AUTO_TEST_CASE(a_reply_without_its_fields_has_a_reason) {
  for (const auto* object : {"{}", "[]", R"({"same": 2})", R"({"same": "yes"})", R"({"same": null})"})
    BOOST_TEST(read_object(Step::compare, object).reason == "schema", object);
  BOOST_TEST(read_object(Step::draft, R"({"question": "When?"})").reason == "schema");
  const auto prose = read(Step::draft, replied("I would rather not."));
  BOOST_TEST(prose.reason == "unparsable");
  BOOST_TEST(prose.can_be_repaired());
  calls::Reply refused;
  refused.reason = "refusal";
  BOOST_TEST(read(Step::draft, refused).reason == "refusal");
  BOOST_TEST(!read(Step::draft, refused).can_be_repaired());
}
