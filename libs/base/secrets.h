#pragma once
/// URLs and argument lists in logs and answers: the one place that decides what is a secret there.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace st {

/// Passwords and tokens in `text` as "***", whatever characters they hold:
/// "rtsp://u:***@host/x?token=***". Of URLs the password before the host and the parameters, in
/// query and path, that are called like a secret; what follows "Authorization:" and "Cookie:"; and
/// the values of a command line's options, in a list of arguments
/// (["curl","-u","user:***"]) or as a shell is given them (--password=***, sshpass -p ***,
/// TOKEN=***). Where a password is ambiguous, too much is hidden.
std::string without_passwords(std::string_view text);
/// The same of a program and its arguments, joined by blanks.
std::string without_passwords(const std::vector<std::string>& arguments);

/// A URL whose path may be the secret, as those of webhooks are (Slack, Discord, Telegram):
/// "https://u:***@host:443/…". A path of "/" alone stays.
std::string without_path(std::string_view url);

/// The same of the query of a URL, "user=kim&password=***", which may hold any characters.
std::string without_query_secrets(std::string_view query);

/// The passwords that stand in a URL, or in a program's arguments, as they are written there and
/// decoded: what such a program says may hold them in any surroundings.
std::vector<std::string> passwords_in(const std::vector<std::string>& arguments);
/// `text` with each of `passwords` as "***"; then without_passwords() of it.
std::string without_passwords(std::string_view text, const std::vector<std::string>& passwords);

/// Why a URL can be opened by nobody, in words that hold no secret: its password has a character
/// that ends the host (RFC 3986, 3.2). nullopt: no reason is known.
std::optional<std::string> url_mistake(std::string_view url);

}  // namespace st
