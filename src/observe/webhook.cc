#include "observe/webhook.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>

#include "migration/notify_config.h"
#include "observe/answer_text.h"

namespace whimbrel {
namespace {

constexpr size_t kKeptOfBody = 4 << 10;
constexpr long kWaitMs = 50;  // how long giving up may take

/// What is used of libcurl, loaded when the first webhook is told: linked, its two dozen libraries
/// made every command start twice as slowly.
struct Curl {
  bool loaded = false;
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_perform) multi_perform = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_multi_poll) multi_poll = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

Curl load_curl() {
  Curl curl;
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) return curl;
  curl.loaded = true;
  auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    curl.loaded = curl.loaded && function;
  };
  find(curl.global_init, "curl_global_init");
  find(curl.easy_init, "curl_easy_init");
  find(curl.easy_cleanup, "curl_easy_cleanup");
  find(curl.easy_setopt, "curl_easy_setopt");
  find(curl.easy_getinfo, "curl_easy_getinfo");
  find(curl.easy_strerror, "curl_easy_strerror");
  find(curl.multi_init, "curl_multi_init");
  find(curl.multi_cleanup, "curl_multi_cleanup");
  find(curl.multi_add_handle, "curl_multi_add_handle");
  find(curl.multi_remove_handle, "curl_multi_remove_handle");
  find(curl.multi_perform, "curl_multi_perform");
  find(curl.multi_info_read, "curl_multi_info_read");
  find(curl.multi_poll, "curl_multi_poll");
  find(curl.slist_append, "curl_slist_append");
  find(curl.slist_free_all, "curl_slist_free_all");
  if (curl.loaded) curl.global_init(CURL_GLOBAL_DEFAULT);
  return curl;
}

const Curl& lib() {
  static const Curl curl = load_curl();
  return curl;
}

struct EndEasy {
  void operator()(CURL* handle) const { lib().easy_cleanup(handle); }
};
struct EndMulti {
  void operator()(CURLM* handle) const { lib().multi_cleanup(handle); }
};
struct EndList {
  void operator()(curl_slist* list) const { lib().slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EndEasy>;
using Multi = std::unique_ptr<CURLM, EndMulti>;
using Headers = std::unique_ptr<curl_slist, EndList>;

size_t keep_start(char* bytes, size_t size, size_t count, void* kept) {
  auto& body = *static_cast<std::string*>(kept);
  size_t room = kKeptOfBody - body.size();
  body.append(bytes, std::min(room, size * count));
  return size * count;
}

/// One request with all that it needs while it runs.
struct Request {
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::string body;  // the start of what came back
  Headers headers;
  Easy easy;
};

void add_header(Request& request, const std::string& line) {
  curl_slist* longer = lib().slist_append(request.headers.get(), line.c_str());
  if (!longer) return;
  (void)request.headers.release();
  request.headers.reset(longer);
}

void prepare(Request& request, const WebhookPost& post) {
  add_header(request, "Content-Type: application/json");
  add_header(request, "Idempotency-Key: " + post.key);
  add_header(request, "Expect:");
  CURL* easy = request.easy.get();
  lib().easy_setopt(easy, CURLOPT_URL, post.url.c_str());
  lib().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  lib().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  lib().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  lib().easy_setopt(easy, CURLOPT_POSTFIELDS, post.body.c_str());
  lib().easy_setopt(easy, CURLOPT_HTTPHEADER, request.headers.get());
  lib().easy_setopt(easy, CURLOPT_USERAGENT, "whimbrel/" WHIMBREL_VERSION);
  lib().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(post.timeout.count()));
  lib().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);  // signals are the process's, and this is a thread
  lib().easy_setopt(easy, CURLOPT_ERRORBUFFER, request.reason.data());
  lib().easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_start);
  lib().easy_setopt(easy, CURLOPT_WRITEDATA, &request.body);
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name server that does not answer must not hold up the end of the command.
  lib().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/// nullopt when it was given up.
std::optional<CURLcode> perform(CURL* easy, const std::atomic<bool>& abandoned) {
  Multi multi(lib().multi_init());
  if (!multi || lib().multi_add_handle(multi.get(), easy) != CURLM_OK) return CURLE_FAILED_INIT;
  std::optional<CURLcode> ended;
  for (int running = 1; running > 0 && !ended;) {
    if (abandoned) break;
    if (lib().multi_perform(multi.get(), &running) != CURLM_OK) ended = CURLE_FAILED_INIT;
    int left = 0;
    while (CURLMsg* message = lib().multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) ended = message->data.result;
    }
    if (running > 0 && !ended) lib().multi_poll(multi.get(), nullptr, 0, kWaitMs, nullptr);
  }
  lib().multi_remove_handle(multi.get(), easy);
  return ended;
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool may_pass(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Answer answer_of(Request& request, const WebhookPost& post) {
  CURL* easy = request.easy.get();
  long status = 0;
  curl_off_t wait = 0;
  lib().easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  lib().easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait);
  Answer answer;
  answer.taken = status >= 200 && status < 300;
  answer.again = may_pass(status);
  answer.wait = std::chrono::seconds(wait);
  answer.text = fmt::format("HTTP {}", status);
  if (status >= 300 && status < 400) {
    answer.text += " (it has moved: write the address that it moved to)";
    return answer;
  }
  std::string said = first_line_of(without_url(request.body, post.url));
  if (!said.empty()) answer.text += ": " + said;
  return answer;
}

}  // namespace

Answer post_webhook(const WebhookPost& post, const std::atomic<bool>& abandoned) {
  if (!lib().loaded) return {.text = "libcurl.so.4 cannot be loaded: apt-get install libcurl4"};
  Request request;
  request.easy.reset(lib().easy_init());
  if (!request.easy) return {.text = "libcurl does not start"};
  prepare(request, post);
  auto code = perform(request.easy.get(), abandoned);
  if (!code) return {.text = "no answer before the end of the command"};
  if (*code == CURLE_OK) return answer_of(request, post);
  Answer answer{.again = may_pass(*code)};
  if (*code == CURLE_OPERATION_TIMEDOUT) {
    answer.text = fmt::format("no answer within {} ms", post.timeout.count());
  } else {
    std::string reason = request.reason[0] ? request.reason.data() : lib().easy_strerror(*code);
    answer.text = first_line_of(without_url(reason, post.url));
  }
  return answer;
}

}  // namespace whimbrel
