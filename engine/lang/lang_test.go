package lang

import "io/fs"

// oneFile is a ReadFile that knows one file.
func oneFile(path string, content []byte) func(string) ([]byte, error) {
	return manyFiles(map[string]string{path: string(content)})
}

func manyFiles(files map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		content, ok := files[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(content), nil
	}
}
