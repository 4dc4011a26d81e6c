#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calls/chat.hpp"

namespace dream::calls {

/// Version of the words and layout below; a part of the keys of stages that use them. A test pins the bytes.
inline constexpr int answer_prompt_version = 1;

/// Asks for an answer to `question` from `contexts`, best first. Whatever comes from outside (question,
/// contexts) is a JSON string on a line of its own, so that no text of a document can end its place and pose
/// as instruction: a system message with the instruction; a user message with one context per line between
/// two lines of dashes, then "Question: " and the question.
[[nodiscard]] std::vector<Message> answer_prompt(std::string_view question,
                                                 std::span<const std::string> contexts);

}  // namespace dream::calls
