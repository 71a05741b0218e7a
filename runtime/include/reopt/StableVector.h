//===- StableVector.h - Grows without moving its elements -------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A sequence that grows at its end and whose elements stay in place. As
/// std::deque, but in blocks of many elements: libstdc++ puts two of 176 bytes
/// into a block of 512, and a third of the memory is lost.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_STABLEVECTOR_H
#define REOPT_STABLEVECTOR_H

#include <cstddef>
#include <memory>
#include <vector>

namespace reopt {

/// Not thread-safe. Elements begin as T().
template <typename T> class StableVector {
  static constexpr size_t PerBlock = 64;

  template <typename VectorT, typename ElementT> class Iterator {
  public:
    Iterator(VectorT &V, size_t I) : V(&V), I(I) {}
    ElementT &operator*() const { return (*V)[I]; }
    Iterator &operator++() {
      ++I;
      return *this;
    }
    bool operator!=(const Iterator &Other) const { return I != Other.I; }

  private:
    VectorT *V;
    size_t I;
  };

public:
  size_t size() const { return Size; }

  T &operator[](size_t I) { return Blocks[I / PerBlock][I % PerBlock]; }
  const T &operator[](size_t I) const {
    return Blocks[I / PerBlock][I % PerBlock];
  }

  T &emplace_back() {
    if (Size == Blocks.size() * PerBlock)
      Blocks.push_back(std::make_unique<T[]>(PerBlock));
    return (*this)[Size++];
  }

  auto begin() { return Iterator<StableVector, T>(*this, 0); }
  auto end() { return Iterator<StableVector, T>(*this, Size); }
  auto begin() const { return Iterator<const StableVector, const T>(*this, 0); }
  auto end() const {
    return Iterator<const StableVector, const T>(*this, Size);
  }

private:
  std::vector<std::unique_ptr<T[]>> Blocks;
  size_t Size = 0;
};

} // namespace reopt

#endif // REOPT_STABLEVECTOR_H
