#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "calls/asker.hpp"
#include "judge/prompt_file.hpp"
#include "testset/kinds.hpp"

/// What the model is asked, and what its replies say.
namespace dream::testset {

/// The requests about one candidate, in their order.
enum class Step : std::int32_t {
  draft,     ///< passages -> question and answer
  critique,  ///< question and answer, without the passages -> is it fit?
  blind,     ///< question and passages, without the reference -> an answer
  compare    ///< reference and blind answer -> do they say the same?
};
inline constexpr int step_count = 4;
[[nodiscard]] const char* name_of(Step step);

struct Prompts {
  std::array<judge::Prompt, kind_count> drafts;
  judge::Prompt critique;
  judge::Prompt blind;
  judge::Prompt compare;
  std::string repair;
  Digest digest;  ///< of every word above
  [[nodiscard]] const judge::Prompt& of(Step step, Kind kind) const;
};

/// Reads testset_*.toml and repair.toml of a folder; an empty name: the built-in ones. Throws InvalidConfig
/// with all that is wrong, as judge::PromptFolder does.
[[nodiscard]] Prompts load_prompts(const std::string& folder);

/// What one reply says, in the fields of its step, or why it says nothing.
struct Said {
  std::string reason;  ///< that of the call, "truncated", "unparsable", or "schema"
  bool final = true;   ///< false: another run may get a reply
  std::string question;
  std::string answer;  ///< of draft and blind, as one line
  bool self_contained = false;
  bool gives_answer_away = false;
  bool answerable = false;
  bool same = false;
  [[nodiscard]] bool can_be_repaired() const { return reason == "unparsable" || reason == "schema"; }
};
[[nodiscard]] Said read(Step step, const calls::Reply& reply);
/// The same for the object alone. A verdict may be written as 1, true or "1".
[[nodiscard]] Said read_object(Step step, std::string_view object);

/// The inputs of requests, JSON.
[[nodiscard]] std::string draft_input(std::string_view opening, std::span<const std::string> passages);
[[nodiscard]] std::string critique_input(std::string_view question, std::string_view answer);
[[nodiscard]] std::string blind_input(std::string_view question, std::span<const std::string> passages);
[[nodiscard]] std::string compare_input(std::string_view question, std::string_view reference,
                                        std::string_view answer);

}  // namespace dream::testset
