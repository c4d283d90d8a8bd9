// A request to a webhook; webhook.cc alone knows libcurl.
#pragma once

#include "observe/delivery.h"

namespace whimbrel {

struct WebhookPost {
  std::string url;  ///< http or https; a secret: messages name scheme and host
  std::string body;
  std::string key;  ///< sent as Idempotency-Key
  std::chrono::milliseconds timeout;
};

/// Redirections are not followed; *_proxy variables are obeyed as curl does. 2xx is taken; no
/// connection, time-outs, 408, 425, 429 and 5xx are worth another attempt. Thread-safe.
Answer post_webhook(const WebhookPost& post, const std::atomic<bool>& abandoned);

}  // namespace whimbrel
