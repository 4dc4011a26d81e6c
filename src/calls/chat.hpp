#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http.hpp"

/// The chat interface of OpenAI (POST /chat/completions), as far as we use it: making requests and reading
/// replies. Pure functions of bytes.
namespace dream::calls {

struct Message {
  std::string role;  ///< "system", "user", "assistant"
  std::string content;
};

struct ChatRequest {
  std::string model;
  double temperature = 0.1;
  std::int64_t max_tokens = 512;
  std::optional<std::int64_t> seed;
  std::string reply_schema{};  ///< a JSON schema as JSON, which the server is asked to hold the reply to;
                               ///< empty: plain text
};

/// The body of a request as canonical JSON: keys sorted, no blanks, shortest numbers; equal requests are
/// equal bytes. Bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string chat_body(const ChatRequest& request, std::span<const Message> messages);

/// What a result means for the one who asked.
enum class Verdict {
  answer,     ///< a reply of the model, to be kept for good; `reason` may still say that it holds no text
  row,        ///< the endpoint refuses this very request: final, kept
  transient,  ///< may succeed another time; never kept
  endpoint    ///< nothing can succeed at this endpoint
};

/// Reason codes (docs/errors.md): "" | empty | refusal | http | timeout | refused | network | rate |
/// too_large | content_type | bad_json | schema | cut.
struct ChatReply {
  Verdict verdict = Verdict::transient;
  std::string reason;
  std::string text;
  std::string finish_reason;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
};

/// Reads a result. `max_tokens`: of the request. A reply that ends for "length" before so many tokens was cut
/// short by something on the way ("cut", transient, with the text that came).
[[nodiscard]] ChatReply read_chat(const net::HttpResult& result, std::int64_t max_tokens);

/// What a result means that is no JSON reply of status 2xx: verdict and reason; empty when it is one, which
/// need not parse.
[[nodiscard]] std::optional<ChatReply> read_failure(const net::HttpResult& result);

/// What a server says about its error: the message of a JSON error body, else the body's begin; one line, no
/// control characters, at most 300 bytes. Not redacted.
[[nodiscard]] std::string server_message(std::string_view body);

}  // namespace dream::calls
