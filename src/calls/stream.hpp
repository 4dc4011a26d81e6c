#pragma once
#include <string>

#include "net/http.hpp"

/// Chat replies that come in pieces (server-sent events), so that the first of them tells how long the model
/// took to begin. What is stored and read is the whole reply, the same as without streaming. Pure functions
/// of bytes.
namespace dream::calls {

/// A chat request's body that asks for its reply as a stream, with its usage at the end. `body`: a JSON
/// object.
[[nodiscard]] std::string streamed_body(std::string body);

/// A result whose body is a stream, as the one JSON reply that it holds. A stream that ends before its end is
/// truncated; an error within it is a failure of the server (status 500). Other results stay as they are.
[[nodiscard]] net::HttpResult gathered(net::HttpResult result);

}  // namespace dream::calls
