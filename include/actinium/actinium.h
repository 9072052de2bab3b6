// Everything a program needs: graphs, functions over expressions, derivatives, tensors and compilation.
#pragma once
#include <actinium/activations.h>
#include <actinium/array.h>
#include <actinium/autodiff.h>
#include <actinium/certify.h>
#include <actinium/dtype.h>
#include <actinium/error.h>
#include <actinium/expr.h>
#include <actinium/function.h>
#include <actinium/graph.h>
#include <actinium/io.h>
#include <actinium/parse.h>
#include <actinium/random.h>
#include <actinium/shape.h>
#include <actinium/structs.h>
#include <actinium/tensor.h>
#include <actinium/version.h>
