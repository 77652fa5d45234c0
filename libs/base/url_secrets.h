#pragma once
/// The secrets of the URLs in a text. A part of base/secrets, which is what others ask.
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/secret_names.h"

namespace st::secrets {

/// Where the query begins, if it begins with a parameter's name: a "?" alone may be a password's.
/// Else the end.
std::size_t query_of(std::string_view url);

/// Adds the passwords before hosts: "scheme://user:password@host".
void find_user_passwords(std::string_view text, std::vector<Span>& found);

/// Adds those of what is given behind "?" and "&", and of the paths of URLs, where some cameras
/// have it: rtsp://host/user=admin_password=x_channel=1, /stream;user=admin;pwd=x.
void find_parameter_secrets(std::string_view text, bool is_one_url, std::vector<Span>& found);

}  // namespace st::secrets
