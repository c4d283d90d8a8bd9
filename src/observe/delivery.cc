#include "observe/delivery.h"

#include "observe/errand.h"
#include "observe/webhook.h"

namespace whimbrel {

Answer deliver(const Receiver& receiver, const Notification& notification,
               const std::string& directory, const std::atomic<bool>& abandoned) {
  if (receiver.kind == Receiver::Kind::kWebhook) {
    return post_webhook({receiver.address, webhook_body(notification, receiver.format),
                         notification.key, receiver.timeout},
                        abandoned);
  }
  Errand errand;
  errand.directory = directory;
  errand.timeout = receiver.timeout;
  errand.variables = {"WHIMBREL_EVENT=" + std::string(to_text(notification.event))};
  if (receiver.kind == Receiver::Kind::kCommand) {
    errand.words = receiver.command;
    errand.input = notification_json(notification) + "\n";
  } else {
    errand.words = {receiver.sendmail, "-i", receiver.address};
    errand.input = mail_text(notification, receiver.address);
  }
  return run_errand(errand, abandoned);
}

}  // namespace whimbrel
