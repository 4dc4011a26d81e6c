#include "net/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <ctime>
#include <mutex>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/errors.hpp"
#include "net/socket_loop.hpp"

namespace dream::net {
namespace {

using std::chrono::milliseconds;

void init_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    DREAM_CHECK(code == CURLE_OK, curl_easy_strerror(code));
  });
}

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

/// One transfer: everything that libcurl points into while it runs.
struct Transfer {
  HttpRequest request;
  List headers;
  HttpResult result;
  std::chrono::steady_clock::time_point began;
  bool has_begun = false;  ///< the reply's first byte has come
  bool too_large = false;
  char error[CURL_ERROR_SIZE] = "";
};

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  const auto code = curl_easy_setopt(easy, option, value);
  DREAM_CHECK(code == CURLE_OK, curl_easy_strerror(code));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// RFC 9110, 10.2.3: seconds (some servers send fractions) or a date.
std::optional<milliseconds> parse_retry_after(std::string_view value) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size()) {
    const auto when = curl_getdate(std::string(value).c_str(), nullptr);
    if (when < 0) return std::nullopt;
    seconds = std::difftime(when, std::time(nullptr));
  }
  if (std::isnan(seconds)) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e6) * 1000));
}

std::chrono::microseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  auto& body = transfer.result.body;
  if (body.empty()) transfer.result.first_byte = since(transfer.began);
  if (static_cast<std::int64_t>(body.size() + size * count) > transfer.request.max_reply_bytes) {
    transfer.too_large = true;
    return 0;
  }
  body.append(data, size * count);
  return size * count;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  auto& result = transfer.result;
  transfer.has_begun = true;
  const std::string_view line(data, size * count);
  if (line.substr(0, 5) == "HTTP/") {  // a new reply begins, after "100 Continue" for example
    result.content_type.clear();
    result.retry_after.reset();
    result.rate_limits.clear();
    result.headers.clear();
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  const auto name = lower(line.substr(0, colon));
  const auto value = trimmed(line.substr(colon + 1));
  if (name == "content-type") result.content_type = lower(trimmed(value.substr(0, value.find(';'))));
  if (name.starts_with("x-ratelimit-")) result.rate_limits[name] = value;
  const auto& kept = transfer.request.keep_headers;
  if (std::find(kept.begin(), kept.end(), name) != kept.end()) result.headers[name] = value;
  if (name == "retry-after") result.retry_after = parse_retry_after(value);
  return size * count;
}

HttpFault fault_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return HttpFault::none;
    case CURLE_COULDNT_CONNECT:
      return HttpFault::refused;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
      return HttpFault::dns;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFault::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpFault::tls;
    case CURLE_PARTIAL_FILE:
      return HttpFault::truncated;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return HttpFault::reset;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return HttpFault::rubbish;
    default:
      return HttpFault::other;
  }
}

void configure_method(CURL* easy, const HttpRequest& request) {
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.c_str());  // not copied: the transfer owns it
    if (request.method != "POST") set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void configure(CURL* easy, Transfer& transfer) {
  const auto& request = transfer.request;
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // A handshake tells whether HTTP/2 is offered: who waits for it shares the connection. Without TLS only the
  // first reply would tell, which may take minutes.
  if (request.url.starts_with("https:")) set(easy, CURLOPT_PIPEWAIT, 1L);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_ERRORBUFFER, static_cast<char*>(transfer.error));
  set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  if (!request.ca_file.empty()) set(easy, CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.path_as_is) set(easy, CURLOPT_PATH_AS_IS, 1L);
  if (request.fresh) set(easy, CURLOPT_FRESH_CONNECT, 1L), set(easy, CURLOPT_FORBID_REUSE, 1L);
  if (request.bulk) set(easy, CURLOPT_BUFFERSIZE, 512L << 10);
  if (!request.proxy.empty()) set(easy, CURLOPT_PROXY, request.proxy.c_str());
  configure_method(easy, request);
}

List make_headers(const std::vector<std::string>& lines) {
  List list;
  for (const auto& line : lines) {
    DREAM_CHECK(line.find_first_of("\r\n") == std::string::npos, "line break in an HTTP header");
    auto* longer = curl_slist_append(list.get(), line.c_str());
    DREAM_CHECK(longer != nullptr, "out of memory");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

}  // namespace

std::string_view to_text(HttpFault fault) {
  switch (fault) {
    case HttpFault::none:
      return "none";
    case HttpFault::refused:
      return "refused";
    case HttpFault::dns:
      return "dns";
    case HttpFault::timeout:
      return "timeout";
    case HttpFault::tls:
      return "tls";
    case HttpFault::truncated:
      return "truncated";
    case HttpFault::reset:
      return "reset";
    case HttpFault::too_large:
      return "too_large";
    case HttpFault::rubbish:
      return "rubbish";
    case HttpFault::other:
      break;
  }
  return "other";
}

struct HttpClient::Impl {
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct Running {
    Easy easy;
    std::unique_ptr<Transfer> transfer;
    std::uint64_t number = 0;
  };
  /// When a transfer must have begun to get its reply. Handles are used again, numbers are not.
  struct Silence {
    std::chrono::steady_clock::time_point end;
    CURL* easy = nullptr;
    std::uint64_t number = 0;
    bool operator>(const Silence& other) const { return end > other.end; }
  };

  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::optional<SocketLoop> loop;
  std::unordered_map<CURL*, Running> running;
  std::priority_queue<Silence, std::vector<Silence>, std::greater<>> silences;
  std::uint64_t submitted = 0;
  std::vector<Easy> idle;  ///< handles for the next transfers; making one costs more than a call
  std::vector<HttpResult> finished;

  Impl() {
    init_curl_once();
    multi.reset(curl_multi_init());
    DREAM_CHECK(multi != nullptr, "curl_multi_init failed");
    // The default keeps four connections per active handle, which closes good ones whenever the load falls.
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 1024L);
    loop.emplace(multi.get());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    drop_all();
    loop->detach();  // before the last connections are closed
  }

  void drop_all() {
    for (auto& [raw, one] : running) curl_multi_remove_handle(multi.get(), raw);
    running.clear();
    silences = {};
    finished.clear();
  }

  static void check(CURLMcode code) { DREAM_CHECK(code == CURLM_OK, curl_multi_strerror(code)); }

  Easy take_easy() {
    if (idle.empty()) {
      Easy fresh(curl_easy_init());
      DREAM_CHECK(fresh != nullptr, "curl_easy_init failed");
      return fresh;
    }
    auto easy = std::move(idle.back());
    idle.pop_back();
    return easy;
  }

  void submit(HttpRequest request, std::uint64_t tag) {
    auto transfer = std::make_unique<Transfer>();
    transfer->headers = make_headers(request.headers);
    transfer->request = std::move(request);
    transfer->result.tag = tag;
    transfer->began = std::chrono::steady_clock::now();
    auto easy = take_easy();
    CURL* raw = easy.get();
    configure(raw, *transfer);
    const auto number = submitted++;
    if (const auto limit = transfer->request.first_byte_timeout; limit.count() > 0)
      silences.push({transfer->began + limit, raw, number});
    running.emplace(raw, Running{std::move(easy), std::move(transfer), number});
    check(curl_multi_add_handle(multi.get(), raw));
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    }
    end_silent();
  }

  /// libcurl knows no limit for the first byte alone.
  void end_silent() {
    const auto now = std::chrono::steady_clock::now();
    for (; !silences.empty() && silences.top().end <= now; silences.pop()) {
      const auto one = running.find(silences.top().easy);
      if (one != running.end() && one->second.number == silences.top().number &&
          !one->second.transfer->has_begun)
        finish(one->first, CURLE_OPERATION_TIMEDOUT);
    }
  }

  std::vector<HttpResult> poll(milliseconds bound) {
    loop->run_due();
    collect();
    if (finished.empty()) {
      if (!silences.empty()) {
        const auto left = silences.top().end - std::chrono::steady_clock::now();
        bound = std::clamp(std::chrono::ceil<milliseconds>(left), milliseconds(0), bound);
      }
      loop->wait(bound);
      collect();
    }
    return std::exchange(finished, {});
  }

  void finish(CURL* raw, CURLcode code) {
    auto node = running.extract(raw);
    auto& [easy, transfer, number] = node.mapped();
    curl_multi_remove_handle(multi.get(), raw);
    auto& result = transfer->result;
    long status = 0;
    curl_easy_getinfo(raw, CURLINFO_RESPONSE_CODE, &status);
    curl_off_t took = 0;
    curl_easy_getinfo(raw, CURLINFO_TOTAL_TIME_T, &took);
    result.status = static_cast<int>(status);
    result.elapsed = std::chrono::microseconds(took);
    result.fault = transfer->too_large ? HttpFault::too_large : fault_of(code);
    // "Recv failure" with a status line seen is a reply that broke off, whichever way the connection ended.
    if (result.fault == HttpFault::reset && status != 0) result.fault = HttpFault::truncated;
    if (result.fault == HttpFault::too_large) {
      result.fault_text = "reply longer than " + std::to_string(transfer->request.max_reply_bytes) + " bytes";
    } else if (result.fault != HttpFault::none) {
      result.fault_text = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    }
    finished.push_back(std::move(result));
    curl_easy_reset(raw);
    idle.push_back(std::move(easy));
  }
};

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

void HttpClient::submit(HttpRequest request, std::uint64_t tag) { impl_->submit(std::move(request), tag); }

std::vector<HttpResult> HttpClient::poll(milliseconds bound) { return impl_->poll(bound); }

std::int64_t HttpClient::in_flight() const {
  return static_cast<std::int64_t>(impl_->running.size() + impl_->finished.size());
}

void HttpClient::cancel_all() { impl_->drop_all(); }

HttpResult fetch(HttpRequest request, const Pulse& pulse) {
  HttpClient client;
  client.submit(std::move(request), 0);
  for (;;) {
    pulse();
    auto results = client.poll(milliseconds(100));
    if (!results.empty()) return std::move(results.front());
  }
}

}  // namespace dream::net
