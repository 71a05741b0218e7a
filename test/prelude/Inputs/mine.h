#pragma once
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#define MINE 11
static int counter() { static int n; return ++n; }
inline int inline_counter() { static int n; return ++n; }
int plain(int x) { return x * 2; }
int global = 42;
thread_local int per_thread = 5;
struct Noisy {
  Noisy() { std::puts("made"); }
  ~Noisy() { std::puts("gone"); }
};
Noisy noisy;
template <class T> T twice(T x) { return x + x; }
template <class T> struct Box {
  T value;
  static int made;
  Box(T x) : value(x) { ++made; }
  T get() const { return value; }
};
template <class T> int Box<T>::made = 0;
