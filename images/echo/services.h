#pragma once
// The small services: RFC 862 (echo), 863 (discard), 864 (chargen), request and response, a page.

#include <ukstore/images/echo/server.h>

namespace ukstore::echo {

std::unique_ptr<Session> make_echo();
std::unique_ptr<Session> make_discard();
std::unique_ptr<Session> make_chargen();
// A line with a decimal count is answered with so many bytes, at most 16 MiB.
std::unique_ptr<Session> make_request_response();
// HTTP/1.1 without bodies in requests: "/" is a small page, "/bytes/N" is N bytes.
std::unique_ptr<Session> make_http();
// Writes the text that `make` returns, and closes.
std::unique_ptr<Session> make_text(const std::function<std::string()>& make);

}  // namespace ukstore::echo
