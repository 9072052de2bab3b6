// Tensors in files and as text: NumPy's .npy and .npz, nested lists with the shortest numbers that read back exactly.
#pragma once
#include <actinium/tensor.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actinium {

/// Reads NumPy's .npy, versions 1 to 3: f32, f64, i32, i64 or bool, C or Fortran order, either byte order. IoError
/// names the file and what is wrong.
ACTINIUM_API Tensor load_npy(const std::string& path);
/// Writes .npy. The file appears complete or not at all.
ACTINIUM_API void save_npy(const std::string& path, const Tensor& tensor);
/// Writes several .npy files: all are complete before the first one appears.
ACTINIUM_API void save_npy(const std::vector<std::pair<std::string, Tensor>>& files);

/// Writes NumPy's .npz (a zip archive, stored): one array a name.
ACTINIUM_API void save(const std::string& path, const std::map<std::string, Tensor>& arrays);
/// Reads .npz, stored or deflated.
ACTINIUM_API std::map<std::string, Tensor> load(const std::string& path);

/// The shortest text that reads back exactly, of all elements: "1.5" at rank 0, "[[1, 2], [3, nan]]", "true". Empty
/// arrays show their shape: [2, 0, 4] is "[[], []]".
ACTINIUM_API std::string to_text(const Tensor& tensor);
/// A number or a nested list as to_text writes it, read as `dtype`; elements may be nan, inf, -inf, true, false.
/// ValueError has the text and a caret.
ACTINIUM_API Tensor from_text(std::string_view text, DType dtype);
/// How the elements of such a text are written: b8 if all are true or false, i64 if all are integers, else f64.
ACTINIUM_API DType written_type(std::string_view text);

}  // namespace actinium
