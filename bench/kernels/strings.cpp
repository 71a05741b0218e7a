// Strings: building a text, splitting it in words, searching and replacing.
#include <string>
#include <vector>
//--- input
std::string make_text(int words) {
  const char *syllables[] = {"ka", "to", "mi", "ren", "su", "lo", "pa", "ver"};
  std::string text;
  unsigned seed = 99;
  for (int i = 0; i < words; ++i) {
    seed = seed * 1664525u + 1013904223u;
    for (unsigned part = 0; part <= (seed >> 16) % 4; ++part)
      text += syllables[(seed >> (8 + 3 * part)) % 8];
    text += ' ';
  }
  return text;
}
//--- input
std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> words;
  std::string word;
  for (char c : text)
    if (c != ' ') {
      word.push_back(c);
    } else if (!word.empty()) {
      words.push_back(word);
      word.clear();
    }
  return words;
}
//--- input
bool is_palindrome(const std::string &word) {
  for (size_t i = 0; i < word.size() / 2; ++i)
    if (word[i] != word[word.size() - 1 - i])
      return false;
  return true;
}
//--- input
int replace_all(std::string &text, const std::string &from,
                const std::string &to) {
  int replaced = 0;
  for (size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    ++replaced;
  }
  return replaced;
}
//--- input
int word_count = 30000;
//--- input
long kernel_run() {
  std::string text = make_text(word_count);
  long result = replace_all(text, "kato", "t");
  for (const std::string &word : split(text))
    result = result * 7 % 1000003 + word.size() + is_palindrome(word);
  for (char c : text)
    result = (result * 131 + c) % 1000000007;
  return result;
}
